/** One connection to the server's stream: waits until the models are loaded, and comes back by itself when lost. */

import type { Refused } from "../../../shared/answers";
import { ProtocolError } from "./fields";
import { parseMessage, type ServerMessage, STREAM_PATH, SUBPROTOCOL } from "./protocol";

/**
 * off: not wanted; connecting: first attempt; loading: the server runs, its models are not ready; open: frames may be
 * sent; reconnecting: was open or failed, trying again; locked: the server wants a key.
 */
export type Link = "off" | "connecting" | "loading" | "open" | "reconnecting" | "locked";

/** How the server is: its models loaded, loading, impossible to load (its own words), or nobody there. */
export type Health = "ready" | "loading" | "absent" | { readonly failure: Refused };

/** What the connection needs of a browser, so that tests can stand in for it. */
export interface Surroundings {
  health(): Promise<Health>;
  /** Whether the server wants a key that this browser does not have. */
  locked(): Promise<boolean>;
  socket(path: string, protocol: string): WebSocket;
  later(ms: number, what: () => void): () => void;
  random(): number;
}

export interface Handlers {
  onLink(link: Link): void;
  onMessage(message: ServerMessage): void;
}

const LOADING_RETRY_MS = 500;
const BACKOFF_FIRST_MS = 400;
const BACKOFF_MAX_MS = 8000;

/** A wait before attempt n (from 0) that doubles, has a limit, and differs between clients. */
export function backoff(attempt: number, random: number): number {
  return Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** attempt) * (0.5 + random / 2);
}

export class StreamConnection {
  #link: Link = "off";
  #socket: WebSocket | null = null;
  #cancelRetry: (() => void) | null = null;
  #attempts = 0;
  /** Grows with each start and stop, so that late answers of an earlier life are passed over. */
  #life = 0;

  constructor(
    private readonly handlers: Handlers,
    private readonly surroundings: Surroundings = browser,
  ) {}

  get link(): Link {
    return this.#link;
  }

  /** Bytes that were given to the socket and have not left yet. */
  get waiting(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (this.#link !== "off" && this.#link !== "locked") return;
    this.#attempts = 0;
    this.#change("connecting");
    void this.#attempt(++this.#life);
  }

  stop(): void {
    this.#life++;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#socket?.close(1000);
    this.#socket = null;
    this.#change("off");
  }

  /** Give up a connection that no longer answers and open a new one. */
  restart(): void {
    if (this.#link === "off") return;
    this.#socket?.close(4000);
    this.#socket = null;
    this.#retry(++this.#life);
  }

  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#link !== "open" || this.#socket === null) return false;
    // A socket begins to close before it says so.
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  #change(link: Link): void {
    if (link === this.#link) return;
    this.#link = link;
    this.handlers.onLink(link);
  }

  async #attempt(life: number): Promise<void> {
    if (life !== this.#life) return;
    const health = await this.surroundings.health();
    if (life !== this.#life) return;
    if (health === "ready") {
      this.#open(life);
    } else if (health === "loading") {
      this.#change("loading");
      this.#cancelRetry = this.surroundings.later(LOADING_RETRY_MS, () => void this.#attempt(life));
    } else {
      this.#retry(life);
      if (health !== "absent") this.#tell(health.failure);
    }
  }

  #open(life: number): void {
    const socket = this.surroundings.socket(STREAM_PATH, SUBPROTOCOL);
    this.#socket = socket;
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (life !== this.#life || typeof event.data !== "string") return;
      const message = read(event.data);
      if (message === null) return;
      if (message.type === "ready") {
        this.#attempts = 0;
        this.#change("open");
      }
      this.handlers.onMessage(message);
    };
    socket.onclose = () => {
      if (life !== this.#life) return;
      this.#socket = null;
      // A refused handshake looks like any other failure from here; asking in plain HTTP tells a missing key.
      void this.#afterClose(life);
    };
  }

  async #afterClose(life: number): Promise<void> {
    const refused = this.#link !== "open";
    if (refused && (await this.surroundings.locked())) {
      if (life === this.#life) this.#change("locked");
    } else if (life === this.#life) {
      this.#retry(life);
    }
  }

  #tell({ code, message }: Refused): void {
    this.handlers.onMessage({ type: "error", code, message, kind: null, seq: null });
  }

  #retry(life: number): void {
    this.#change("reconnecting");
    const wait = backoff(this.#attempts++, this.surroundings.random());
    this.#cancelRetry = this.surroundings.later(wait, () => void this.#attempt(life));
  }
}

/** A damaged message is told like any other error: the stream goes on with the next one. */
function read(text: string): ServerMessage | null {
  try {
    return parseMessage(text);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { type: "error", code: "protocol", message: error.message, kind: null, seq: null };
  }
}

/** Read the answer of `/readyz`: what is not ready says why in the server's usual envelope. */
export function healthOf(status: number, body: unknown): Health {
  if (status === 200) return "ready";
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  const message = typeof error.message === "string" ? error.message : null;
  if (error.code === "loading" || message === null) return "loading";
  return { failure: { code: typeof error.code === "string" ? error.code : "", message } };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** A fetch rejects for one reason here: nobody answered. Then there is no response. */
async function ask(path: string, options: RequestInit = {}): Promise<Response | null> {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch {
    return null;
  }
}

const browser: Surroundings = {
  async health() {
    const response = await ask("/readyz");
    if (response === null) return "absent";
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return healthOf(response.status, isJson ? JSON.parse(text) : null);
  },
  async locked() {
    // The server sends whoever lacks the key from the start page to its form.
    return (await ask("/", { redirect: "manual" }))?.type === "opaqueredirect";
  },
  socket(path, protocol) {
    const url = new URL(path, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, protocol);
  },
  later(ms, what) {
    const timer = window.setTimeout(what, ms);
    return () => window.clearTimeout(timer);
  },
  random: Math.random,
};
