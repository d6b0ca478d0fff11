/** `/sessions/ID?t=12.4`: which recording, and where in it. */

import { placesOf } from "../../../shared/address";

export const { placeOf, pathOf } = placesOf("sessions", /[0-9A-Za-z_-]{1,64}/, 1);
