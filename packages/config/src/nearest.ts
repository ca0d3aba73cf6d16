export { editDistance, nearestName } from "@sidetone/foundation";
