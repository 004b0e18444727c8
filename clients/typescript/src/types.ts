/** What the service takes and answers, by the names that callers use. */
import type { components, paths } from "./openapi.js";

type Schemas = components["schemas"];
type Form<Route extends { requestBody?: { content: { "multipart/form-data": unknown } } }> = NonNullable<
  Route["requestBody"]
>["content"]["multipart/form-data"];

export type Video = Schemas["Video"];
export type VideoList = Schemas["VideoList"];
export type VideoDeleted = Schemas["VideoDeleted"];
export type VideoStatus = Video["status"];
export type Variant = Schemas["Variant"];
export type Problem = Schemas["ProblemBody"];
export type Finding = Schemas["FindingBody"];
export type ValidationReport = Schemas["ValidationReport"];
export type Verification = Schemas["Verification"];
export type Delivery = Schemas["DeliveryBody"];
export type DeliveryList = Schemas["DeliveryList"];
export type ModelList = Schemas["ModelList"];
export type Queue = Schemas["QueueBody"];
export type VoiceList = Schemas["VoiceList"];
export type Limits = Schemas["LimitsBody"];
/** The fields and files of a create; `n`, which is answered by a list, is of `createTakes`. */
export type CreateWishes = Omit<Form<paths["/v1/videos"]["post"]>, "n">;
/** What a remix may change. */
export type RemixWishes = Omit<Form<paths["/v1/videos/{video_id}/remix"]["post"]>, "n">;
