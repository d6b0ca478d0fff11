/** `/videos/ID?t=12.4`: which video, and where in it. */

import { placesOf } from "../../../shared/address";

export const { placeOf, pathOf } = placesOf("videos", /[0-9a-f]{16}/, 2);
