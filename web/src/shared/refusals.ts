/** What the server refuses, in the language in use: it says why by a code, and in its own words for what has none here. */

import type { Key, Translate } from "../i18n";
import { Refusal, type Refused } from "./answers";

const texts: Readonly<Record<string, Key>> = {
  key_required: "refusal.key_required",
  forbidden: "refusal.forbidden",
  origin_refused: "refusal.forbidden",
  not_found: "refusal.not_found",
  too_large: "refusal.too_large",
  unsupported_type: "refusal.unsupported_type",
  empty: "refusal.damaged",
  truncated: "refusal.damaged",
  bad_encoding: "refusal.damaged",
  bad_picture: "refusal.damaged",
  too_complex: "refusal.too_complex",
  busy: "refusal.busy",
  timeout: "refusal.busy",
  rate_limited: "refusal.busy",
  too_many_sockets: "refusal.busy",
  too_many_uploads: "refusal.busy",
  decoder_died: "refusal.busy",
  unavailable: "refusal.busy",
  loading: "refusal.loading",
  models_unavailable: "refusal.models_unavailable",
  shutting_down: "refusal.shutting_down",
  store_failed: "refusal.store_failed",
  disk_full: "refusal.disk_full",
  quota_exceeded: "refusal.quota_exceeded",
  still_recording: "refusal.still_recording",
  already_recording: "refusal.already_recording",
  not_recording: "refusal.not_recording",
  consent_needed: "refusal.consent_needed",
  purpose_refused: "refusal.purpose_refused",
  cannot_resume: "refusal.cannot_resume",
  deleted: "refusal.deleted",
  elsewhere: "refusal.elsewhere",
  pictures_off: "refusal.pictures_off",
  attributes_off: "refusal.attributes_off",
  camera_missing: "refusal.camera_missing",
  camera_in_use: "refusal.camera_in_use",
  camera_refused: "refusal.camera_refused",
  camera_unreachable: "refusal.camera_unreachable",
  camera_silent: "refusal.camera_silent",
  camera_unsupported: "refusal.camera_unsupported",
  camera_ended: "refusal.camera_ended",
  camera_exists: "refusal.camera_exists",
  too_many_cameras: "refusal.too_many_cameras",
  camera_changes_off: "refusal.camera_changes_off",
  bad_source: "refusal.bad_source",
  played: "refusal.played",
  internal: "refusal.internal",
};

export function refusalText({ code, message }: Refused, t: Translate): string {
  const key = Object.hasOwn(texts, code) ? texts[code] : undefined;
  return key === undefined ? message : (t as (key: Key) => string)(key);
}

/** Why a camera is not well. The server's own words name the very address and remedy; they are English. */
export function reasonText(refused: Refused, t: Translate, language: string): string {
  return language === "en" ? refused.message : refusalText(refused, t);
}

/** What went wrong when the server was asked. */
export function failureText(error: unknown, t: Translate): string {
  if (error instanceof Refusal) return refusalText(error, t);
  // The browser tells by a TypeError that nobody answered, in words of its own.
  if (error instanceof TypeError) return t("refusal.unreachable");
  return error instanceof Error ? error.message : String(error);
}
