import { useSyncExternalStore } from "react";
import { onAddress } from "../../shared/address";
import { placeOf } from "./engine/address";
import { List } from "./ui/List";
import { SessionView } from "./ui/SessionView";

/** Find recordings, look into one. */
export default function SessionsPage() {
  const path = useSyncExternalStore(onAddress, () => window.location.pathname);
  const { id } = placeOf(path, "");
  return id === null ? <List /> : <SessionView key={id} id={id} />;
}
