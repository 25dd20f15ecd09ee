// In place of @smithy/core's resolveRegionConfig: the same settings, at hand where
// the region is. It is asked for six times for each request.
import { NOT_YET, valueNow, withValue } from "./at-hand.js";
import { checkRegion } from "../node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/checkRegion.js";
import { getRealRegion } from "../node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getRealRegion.js";
import { isFipsRegion } from "../node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/isFipsRegion.js";

export function resolveRegionConfig(input) {
  const { region, useFipsEndpoint } = input;
  if (!region) throw new Error("Region is missing");
  const given = () => (typeof region === "function" ? valueNow(region) : region);
  // What is known of the region that was given last.
  let last = NOT_YET;
  let real;
  let isFips;
  const look = (provided) => {
    if (provided === last) return;
    isFips = isFipsRegion(provided);
    const name = getRealRegion(provided);
    checkRegion(name);
    [last, real] = [provided, name];
  };
  return Object.assign(input, {
    region: withValue(
      async () => {
        look(typeof region === "function" ? await region() : region);
        return real;
      },
      () => {
        const provided = given();
        if (provided === NOT_YET) return NOT_YET;
        look(provided);
        return real;
      },
    ),
    useFipsEndpoint: withValue(
      async () => {
        if (isFipsRegion(typeof region === "string" ? region : await region())) return true;
        return typeof useFipsEndpoint !== "function" ? !!useFipsEndpoint : useFipsEndpoint();
      },
      () => {
        const provided = given();
        if (provided === NOT_YET) return NOT_YET;
        if (provided === last ? isFips : isFipsRegion(provided)) return true;
        return typeof useFipsEndpoint !== "function" ? !!useFipsEndpoint : valueNow(useFipsEndpoint);
      },
    ),
  });
}
