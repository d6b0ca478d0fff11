import { useEffect } from "react";
import { onAddress } from "../../shared/address";
import { learnAttributesAllowed } from "../../shared/attributes";
import { takePhotos } from "../../shared/handover";
import { add, usePhotos } from "./store";
import { Gallery } from "./ui/Gallery";
import { View } from "./ui/View";

/** Have photos read, look at one closely, take the results away. */
export default function PhotosPage() {
  const { photos, open } = usePhotos();
  useEffect(() => {
    const take = () => add(takePhotos());
    take();
    void learnAttributesAllowed();
    return onAddress(take);
  }, []);
  const at = photos.findIndex(({ key }) => key === open);
  const photo = photos[at];
  return photo === undefined ? <Gallery /> : <View key={photo.key} photo={photo} at={at} all={photos} />;
}
