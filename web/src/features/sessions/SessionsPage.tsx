import { useSyncExternalStore } from "react";
import { onAddress } from "../../shared/address";
import { placeOf, sidesOf } from "./engine/address";
import { Compare } from "./ui/Compare";
import { List } from "./ui/List";
import { SessionView } from "./ui/SessionView";

/** Find recordings, look into one, compare two. */
export default function SessionsPage() {
  const path = useSyncExternalStore(onAddress, () => window.location.pathname);
  const search = useSyncExternalStore(onAddress, () => window.location.search);
  const sides = sidesOf(path, search);
  if (sides !== null) return <Compare sides={sides} />;
  const { id } = placeOf(path, "");
  return id === null ? <List /> : <SessionView key={id} id={id} />;
}
