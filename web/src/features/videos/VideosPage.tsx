import { useEffect, useSyncExternalStore } from "react";
import { onAddress } from "../../shared/address";
import { placeOf } from "./engine/address";
import { follow, useVideos } from "./store";
import { Gone } from "./ui/Gone";
import { Library } from "./ui/Library";
import { Player } from "./ui/Player";

/** Send videos, watch them being analysed, look into one. */
export default function VideosPage() {
  const path = useSyncExternalStore(onAddress, () => window.location.pathname);
  const { id } = placeOf(path, "");
  const videos = useVideos((state) => state.videos);
  useEffect(follow, []);
  if (id === null) return <Library />;
  const video = videos?.find((each) => each.id === id);
  if (video !== undefined) return <Player key={id} video={video} />;
  return videos === null ? null : <Gone />;
}
