// Written by `make clients` from our OpenAPI; not by hand.
import type { FileInput } from "./forms.js";

export interface paths {
	"/v1/videos": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Your videos, a page at a time
		 * @description Return videos strictly after (before) the cursor; a cursor may have been deleted since.
		 */
		get: operations["list_videos_v1_videos_get"];
		put?: never;
		/**
		 * Create a video
		 * @description Queue a video of the person in `image` speaking `audio`; 202 with the video object, or for `n` a list of them.
		 */
		post: operations["create_video_v1_videos_post"];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/validate": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Look at inputs without creating a video
		 * @description Say what is wrong with the inputs, and what would be made of them; nothing is kept.
		 */
		post: operations["validate_video_v1_videos_validate_post"];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/{video_id}": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * The video object
		 * @description Return the video; with `Prefer: wait=N` as soon as it differs from `If-None-Match`, or from now.
		 */
		get: operations["get_video_v1_videos__video_id__get"];
		put?: never;
		post?: never;
		/**
		 * Delete a video, its inputs and its results
		 * @description Cancel if it is live, and delete record, inputs and results; the objects are gone within 60 s.
		 */
		delete: operations["delete_video_v1_videos__video_id__delete"];
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/{video_id}/content": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Download a result
		 * @description Send a file of a completed video, whole or the range asked for; or the preview as it grows.
		 */
		get: operations["get_content_v1_videos__video_id__content_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/{video_id}/events": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Follow a video (server-sent events)
		 * @description Send every event after `Last-Event-ID`, then those that come; close after the last one.
		 */
		get: operations["follow_video_v1_videos__video_id__events_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/{video_id}/cancel": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Cancel a video
		 * @description Cancel at once while queued, soon while running; a video that has ended stays as it is. Idempotent.
		 */
		post: operations["cancel_video_v1_videos__video_id__cancel_post"];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/{video_id}/remix": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Make a variation of a video
		 * @description Queue a video from the same inputs; fields that are sent replace those of the source, and so does `image`.
		 */
		post: operations["remix_video_v1_videos__video_id__remix_post"];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/{video_id}/deliveries": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * The webhook log of a video
		 * @description Return the deliveries, oldest first, each with its tries.
		 */
		get: operations["list_deliveries_v1_videos__video_id__deliveries_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/videos/{video_id}/deliveries/{delivery_id}/redeliver": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Send an event again
		 * @description Make the delivery due now, with the same webhook-id and a new schedule.
		 */
		post: operations["redeliver_v1_videos__video_id__deliveries__delivery_id__redeliver_post"];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/models": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Models and their limits
		 * @description Return the presets that render workers have loaded.
		 */
		get: operations["list_models_v1_models_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/voices": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Who speaks `text`
		 * @description Return the voices and languages that `text` may ask for, as far as the service knows them.
		 */
		get: operations["list_voices_v1_voices_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/queue": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * How busy it is
		 * @description Return counts, estimates and the caller's own places; everybody's places, and the workers, to an operator.
		 */
		get: operations["get_queue_v1_queue_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/limits": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Your limits
		 * @description Return how many videos the caller has and may have at once, how often it may call, and how large files may be.
		 */
		get: operations["get_limits_v1_limits_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/v1/verify": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Read the provenance mark of a video
		 * @description Say whether `video` carries a C2PA mark, whether its bytes are those that were signed, and what it tells.
		 */
		post: operations["verify_video_v1_verify_post"];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/livez": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Does the process answer?
		 * @description Answer as long as the event loop turns.
		 */
		get: operations["livez_livez_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	"/readyz": {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/**
		 * Can work be taken?
		 * @description Answer 503 until the first worker's canary passed and while store or storage is lost.
		 */
		get: operations["readyz_readyz_get"];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
}
export type webhooks = Record<string, never>;
export interface components {
	schemas: {
		/**
		 * ClassBody
		 * @description The queue of one model.
		 */
		ClassBody: {
			/** Model */
			model: string;
			/** Waiting Interactive */
			waiting_interactive: number;
			/** Waiting Batch */
			waiting_batch: number;
			/** Running */
			running: number;
			/** Own Waiting */
			own_waiting: number;
			/** Own Running */
			own_running: number;
			/**
			 * Workers
			 * @description Live render workers.
			 */
			workers: number;
			/**
			 * Estimated Wait Seconds
			 * @description Until a video created now would start.
			 */
			estimated_wait_seconds: number | null;
			/**
			 * Places
			 * @description Your waiting videos; an operator's list has everybody's.
			 */
			places: components["schemas"]["PlaceBody"][];
		};
		/**
		 * DeliveryBody
		 * @description One event for one receiver.
		 */
		DeliveryBody: {
			/**
			 * Id
			 * @description The webhook-id, the same over all tries.
			 */
			id: string;
			/**
			 * Object
			 * @constant
			 */
			object: "webhook.delivery";
			/** Video Id */
			video_id: string;
			/** Type */
			type: string;
			/**
			 * State
			 * @enum {string}
			 */
			state: "pending" | "delivered" | "exhausted" | "dropped";
			/** Created At */
			created_at: number;
			/** Next At */
			next_at: number | null;
			/** Num Tries */
			num_tries: number;
			/** Tries */
			tries: components["schemas"]["TryBody"][];
		};
		/**
		 * DeliveryList
		 * @description The webhook log of a video.
		 */
		DeliveryList: {
			/**
			 * Object
			 * @constant
			 */
			object: "list";
			/** Data */
			data: components["schemas"]["DeliveryBody"][];
		};
		/**
		 * FindingBody
		 * @description One thing that is wrong.
		 */
		FindingBody: {
			/** Pointer */
			pointer: string;
			/** Code */
			code: string;
			/** Detail */
			detail: string;
		};
		/**
		 * JobStatus
		 * @description Where a job stands.
		 * @enum {string}
		 */
		JobStatus: "queued" | "in_progress" | "completed" | "failed" | "cancelled" | "expired";
		/**
		 * LimitsBody
		 * @description What the caller may do, how often and how much.
		 */
		LimitsBody: {
			/**
			 * Object
			 * @constant
			 */
			object: "limits";
			/** Tenant */
			tenant: string;
			/**
			 * Scope
			 * @enum {string}
			 */
			scope: "user" | "operator";
			/** Active Videos */
			active_videos: number;
			/** Max Active Videos */
			max_active_videos: number;
			/** Rates */
			rates: {
				[key: string]: components["schemas"]["RateBody"];
			};
			/**
			 * Uploads
			 * @description Limits of files and fields, unit in the name.
			 */
			uploads: {
				[key: string]: number;
			};
		};
		/**
		 * Liveness
		 * @description The event loop turns.
		 */
		Liveness: {
			/**
			 * Status
			 * @constant
			 */
			status: "ok";
		};
		/**
		 * MarkBody
		 * @description What the provenance mark of a file says; without a mark every other fact is empty.
		 */
		MarkBody: {
			/** Is Present */
			is_present: boolean;
			/**
			 * Is Valid
			 * @description The bytes are those that were signed.
			 */
			is_valid: boolean;
			/**
			 * Is Trusted
			 * @description Valid, and signed by this service's own identity.
			 */
			is_trusted: boolean;
			/** Signer */
			signer: string | null;
			/** Generator */
			generator: string | null;
			/** Created At */
			created_at: string | null;
			/** Is Ai Generated */
			is_ai_generated: boolean;
			/** Problems */
			problems: string[];
		};
		/**
		 * ModelBody
		 * @description A preset that render workers have loaded, with its limits.
		 */
		ModelBody: {
			/** Id */
			id: string;
			/**
			 * Object
			 * @constant
			 */
			object: "model";
			/** Created */
			created: number;
			/** Owned By */
			owned_by: string;
			/** Size */
			size: string;
			/** Fps */
			fps: number;
			/**
			 * Qualities
			 * @description Best first.
			 */
			qualities: string[];
			/**
			 * Default Quality
			 * @description Where a request names none.
			 */
			default_quality?: string | null;
		} & {
			[key: string]: unknown;
		};
		/**
		 * ModelList
		 * @description Every model.
		 */
		ModelList: {
			/**
			 * Object
			 * @constant
			 */
			object: "list";
			/** Data */
			data: components["schemas"]["ModelBody"][];
		};
		/**
		 * PlaceBody
		 * @description A waiting video and its place; 1 is the next one.
		 */
		PlaceBody: {
			/** Id */
			id: string;
			/**
			 * Tenant
			 * @description Told to operators only.
			 */
			tenant: string | null;
			/**
			 * Priority
			 * @enum {string}
			 */
			priority: "interactive" | "batch";
			/** Queue Position */
			queue_position: number;
			/** Eta Seconds */
			eta_seconds: number | null;
		};
		/**
		 * ProgressDetail
		 * @description How far the current attempt is.
		 */
		ProgressDetail: {
			/** Stage */
			stage: string | null;
			/** Segment */
			segment: number | null;
			/** Segments */
			segments: number | null;
			/** Step */
			step: number | null;
			/** Steps */
			steps: number | null;
			/**
			 * Preview
			 * @description Whether `variant=preview` can be opened now.
			 */
			preview: boolean;
			/** Queue Position */
			queue_position: number | null;
			/** Eta Seconds */
			eta_seconds: number | null;
			/**
			 * Updated At
			 * @description Seconds since 1970.
			 */
			updated_at: number;
		};
		/**
		 * QueueBody
		 * @description The queue as a whole.
		 */
		QueueBody: {
			/**
			 * Object
			 * @constant
			 */
			object: "queue";
			/** Waiting */
			waiting: number;
			/** Running */
			running: number;
			/** Data */
			data: components["schemas"]["ClassBody"][];
			/**
			 * Status Counts
			 * @description Records by status, for operators.
			 */
			status_counts: {
				[key: string]: number;
			} | null;
			/**
			 * Workers
			 * @description For operators.
			 */
			workers: components["schemas"]["WorkerBody"][] | null;
		};
		/**
		 * RateBody
		 * @description Calls allowed in a moving window.
		 */
		RateBody: {
			/** Limit */
			limit: number;
			/** Window Seconds */
			window_seconds: number;
		};
		/**
		 * Readiness
		 * @description Whether work can be taken.
		 */
		Readiness: {
			/**
			 * Status
			 * @enum {string}
			 */
			status: "ok" | "degraded";
			/** Checks */
			checks: {
				[key: string]: string;
			};
		};
		/**
		 * ShownPictureBody
		 * @description The image as the server decoded it.
		 */
		ShownPictureBody: {
			/** Width */
			width: number;
			/** Height */
			height: number;
			/**
			 * Url
			 * @description A JPEG of at most 768 pixels a side, as a data URL.
			 */
			url: string;
		};
		/**
		 * TryBody
		 * @description One try of a delivery.
		 */
		TryBody: {
			/** At */
			at: string;
			/** Status Code */
			status_code: number | null;
			/** Error */
			error: string | null;
			/** Duration Ms */
			duration_ms: number;
		};
		/**
		 * Usage
		 * @description Seconds waited and rendered.
		 */
		Usage: {
			/** Queue Seconds */
			queue_seconds: number | null;
			/** Gpu Seconds */
			gpu_seconds: number | null;
		};
		/**
		 * ValidationReport
		 * @description What preflight found in the inputs; no job was made.
		 * @example {
		 *       "crop": "12,0,488,488",
		 *       "estimate_s": 140,
		 *       "findings": [],
		 *       "frame": "12,0,488,488",
		 *       "num_frames": 275,
		 *       "object": "video.validation",
		 *       "seconds": 11,
		 *       "segments": 4,
		 *       "size": "512x512",
		 *       "valid": true,
		 *       "warnings": [
		 *         {
		 *           "code": "hands_out_of_frame",
		 *           "message": "no hand is in the picture"
		 *         }
		 *       ]
		 *     }
		 */
		ValidationReport: {
			/**
			 * Object
			 * @default video.validation
			 * @constant
			 */
			object: "video.validation";
			/** Valid */
			valid: boolean;
			/** Findings */
			findings: components["schemas"]["FindingBody"][];
			/** Warnings */
			warnings: components["schemas"]["Warned"][];
			/**
			 * Crop
			 * @description x,y,w,h in pixels of the image after EXIF rotation.
			 */
			crop: string | null;
			/**
			 * Frame
			 * @description What the video shows, likewise; null where the image is turned first.
			 */
			frame: string | null;
			/**
			 * Size
			 * @description Width x height of the video.
			 */
			size: string | null;
			/**
			 * Keypoints
			 * @description 134 points: x, y in pixels of the 512 canvas, confidence.
			 */
			keypoints: [
				number,
				number,
				number
			][] | null;
			/** Seconds */
			seconds: number | null;
			/** Num Frames */
			num_frames: number | null;
			/**
			 * Segments
			 * @description Stage-1 segments of 3.2 s.
			 */
			segments: number | null;
			/**
			 * Estimate S
			 * @description Expected render time in seconds.
			 */
			estimate_s: number | null;
			/** @description With `looks=true`. */
			picture?: components["schemas"]["ShownPictureBody"] | null;
			/**
			 * Waveform
			 * @description With `looks=true`: up to 400 peaks of the sound, 0 to 1.
			 */
			waveform?: number[] | null;
		};
		/**
		 * Variant
		 * @description What of a job may be downloaded: `preview` while it is rendered, the others when it is finished.
		 * @enum {string}
		 */
		Variant: "video" | "thumbnail" | "pose" | "masks" | "keypoints" | "captions" | "manifest" | "matte" | "transparent" | "preview";
		/**
		 * Verification
		 * @description Whether a file has a mark, and whether it fits the bytes.
		 */
		Verification: {
			/**
			 * Object
			 * @constant
			 */
			object: "verification";
			/**
			 * Verdict
			 * @enum {string}
			 */
			verdict: "valid" | "invalid" | "absent";
			details: components["schemas"]["MarkBody"];
		};
		/**
		 * Video
		 * @description The video object.
		 * @example {
		 *       "attempt": 1,
		 *       "created_at": 1793000000,
		 *       "fps": 25,
		 *       "id": "video_01KD3V7Q4R8W2X5Y6Z9A0B1C2D",
		 *       "metadata": {
		 *         "scene": "intro"
		 *       },
		 *       "model": "mmgt-512",
		 *       "object": "video",
		 *       "progress": 42,
		 *       "progress_detail": {
		 *         "eta_seconds": 31,
		 *         "preview": false,
		 *         "segment": 1,
		 *         "segments": 1,
		 *         "stage": "video_diffusion",
		 *         "step": 17,
		 *         "steps": 30,
		 *         "updated_at": 1793000041
		 *       },
		 *       "seconds": "3.2",
		 *       "seed": 1234,
		 *       "size": "512x512",
		 *       "started_at": 1793000009,
		 *       "status": "in_progress",
		 *       "usage": {
		 *         "queue_seconds": 9.1
		 *       },
		 *       "warnings": [
		 *         {
		 *           "code": "image_recropped",
		 *           "message": "the image was cropped to a square around the person"
		 *         }
		 *       ]
		 *     }
		 */
		Video: {
			/** Id */
			id: string;
			/**
			 * Object
			 * @constant
			 */
			object: "video";
			/** Model */
			model: string;
			/**
			 * Status
			 * @enum {string}
			 */
			status: "queued" | "in_progress" | "completed" | "failed" | "cancelled" | "expired";
			/** Progress */
			progress: number;
			/**
			 * Created At
			 * @description Seconds since 1970.
			 */
			created_at: number;
			/** Started At */
			started_at: number | null;
			/** Completed At */
			completed_at: number | null;
			/** Expires At */
			expires_at: number | null;
			/** Size */
			size: string;
			/** Seconds */
			seconds: string | null;
			/** Fps */
			fps: number;
			/** Seed */
			seed: number;
			/** Prompt */
			prompt: string | null;
			/** Remixed From Video Id */
			remixed_from_video_id: string | null;
			error: components["schemas"]["VideoError"] | null;
			progress_detail: components["schemas"]["ProgressDetail"];
			/** Attempt */
			attempt: number;
			/** Cancel Requested At */
			cancel_requested_at: number | null;
			/** Metadata */
			metadata: {
				[key: string]: string;
			};
			/** Warnings */
			warnings: components["schemas"]["Warned"][];
			usage: components["schemas"]["Usage"];
		};
		/**
		 * VideoDeleted
		 * @description The answer to a deletion.
		 */
		VideoDeleted: {
			/** Id */
			id: string;
			/**
			 * Object
			 * @constant
			 */
			object: "video.deleted";
			/**
			 * Deleted
			 * @constant
			 */
			deleted: true;
		};
		/**
		 * VideoError
		 * @description Why a job failed.
		 */
		VideoError: {
			/** Code */
			code: string;
			/** Message */
			message: string;
			/** Param */
			param: string | null;
			/** Retryable */
			retryable: boolean;
			/** Stage */
			stage: string | null;
			/** Attempt */
			attempt: number;
		};
		/**
		 * VideoList
		 * @description A page of videos.
		 */
		VideoList: {
			/**
			 * Object
			 * @constant
			 */
			object: "list";
			/** Data */
			data: components["schemas"]["Video"][];
			/** First Id */
			first_id: string | null;
			/** Last Id */
			last_id: string | null;
			/** Has More */
			has_more: boolean;
		};
		/**
		 * VoiceBody
		 * @description A voice for `text`.
		 */
		VoiceBody: {
			/** Id */
			id: string;
			/**
			 * Object
			 * @constant
			 */
			object: "voice";
			/**
			 * Languages
			 * @description None: all that there are, or nobody knows.
			 */
			languages: string[] | null;
		};
		/**
		 * VoiceList
		 * @description Who speaks `text` here, and how it can be asked to.
		 */
		VoiceList: {
			/**
			 * Object
			 * @constant
			 */
			object: "list";
			/**
			 * Speaker
			 * @description None: `text` is refused here.
			 */
			speaker: ("server" | "espeak") | null;
			/** Default Voice */
			default_voice: string | null;
			/**
			 * Languages
			 * @description Tags in lower case; empty: nobody knows them, any may do.
			 */
			languages: string[];
			/**
			 * Data
			 * @description Empty: nobody knows them, any may do.
			 */
			data: components["schemas"]["VoiceBody"][];
		};
		/**
		 * Warned
		 * @description Something that did not stop the job.
		 */
		Warned: {
			/** Code */
			code: string;
			/** Message */
			message: string;
		};
		/**
		 * WorkerBody
		 * @description A live worker.
		 */
		WorkerBody: {
			/** Name */
			name: string;
			/** Queues */
			queues: string[];
			/** Is Ready */
			is_ready: boolean;
			/** Models */
			models: string[];
			/** Device */
			device: string;
			/** Video Id */
			video_id: string | null;
			/** Seen At */
			seen_at: number;
		};
		/**
		 * OpenAIError
		 * @description What OpenAI's SDK reads of an error.
		 */
		OpenAIError: {
			/** Type */
			type: string;
			/** Code */
			code: string;
			/** Message */
			message: string;
			/** Param */
			param: string | null;
		};
		/**
		 * ProblemBody
		 * @description RFC 9457 problem, with OpenAI's error object inside.
		 * @example {
		 *       "detail": "612.0 s exceeds 600 s",
		 *       "error": {
		 *         "code": "audio_too_long",
		 *         "message": "612.0 s exceeds 600 s",
		 *         "param": "audio",
		 *         "type": "invalid_request_error"
		 *       },
		 *       "errors": [
		 *         {
		 *           "code": "audio_too_long",
		 *           "detail": "612.0 s exceeds 600 s",
		 *           "pointer": "/audio"
		 *         }
		 *       ],
		 *       "status": 422,
		 *       "title": "Audio too long",
		 *       "type": "https://mmgt.invalid/problems/audio-too-long"
		 *     }
		 */
		ProblemBody: {
			/** Type */
			type: string;
			/** Title */
			title: string;
			/** Status */
			status: number;
			/** Detail */
			detail: string;
			/** Errors */
			errors: components["schemas"]["FindingBody"][];
			error: components["schemas"]["OpenAIError"];
		};
	};
	responses: never;
	parameters: never;
	requestBodies: never;
	headers: never;
	pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
	list_videos_v1_videos_get: {
		parameters: {
			query?: {
				/** @description Id of the last video of the page before. */
				after?: string | null;
				/** @description Id of the first video of the page after. */
				before?: string | null;
				limit?: number;
				/** @description By creation time. */
				order?: "asc" | "desc";
				status?: components["schemas"]["JobStatus"] | null;
				/** @description `metadata[k]=v`: only videos that have all these pairs. */
				metadata?: {
					[key: string]: string;
				};
			};
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["VideoList"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Understood, but wrong: `errors` names every field. */
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	create_video_v1_videos_post: {
		parameters: {
			query?: never;
			header?: {
				/** @description The same key and request make one video, however often it is sent within 24 h. */
				"Idempotency-Key"?: string;
				/** @description `wait=N`: answer when the video has ended, or after N seconds (at most 60). */
				Prefer?: string;
			};
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				"multipart/form-data": {
					/**
					 * Format: binary
					 * @description The portrait: PNG, JPEG or WebP, short side from 256 pixels.
					 */
					image: FileInput;
					/**
					 * Format: binary
					 * @description The speech: wav, mp3, flac, ogg, m4a, aac or webm. None with `text`, or if `driving_video` has sound.
					 */
					audio?: FileInput;
					/**
					 * Format: binary
					 * @description Its motion is used instead of a generated one: mp4, mov or webm.
					 */
					driving_video?: FileInput;
					/**
					 * Format: binary
					 * @description Stands behind the person, cut to the video's shape: PNG, JPEG or WebP; not with `backdrop`.
					 */
					backdrop_image?: FileInput;
					/**
					 * Format: binary
					 * @description The same as keypoints: .npy, or JSON, (frames, 134, 3), pixels of the 512 canvas.
					 */
					driving_keypoints?: FileInput;
					/**
					 * Format: binary
					 * @description Captions of your own, WebVTT or SubRip, with `captions=vtt`.
					 */
					captions_file?: FileInput;
					/** @description A loaded model; the loaded one by default. */
					model?: string;
					/** @description Drawn, and told, by default. */
					seed?: number;
					/** @description So many videos at once, by seeds that follow one another, as a list. */
					n?: number;
					num_inference_steps?: number;
					guidance_scale?: number;
					/** @enum {string} */
					quality?: "exact" | "balanced" | "fast" | "turbo";
					face_hands_weight?: number;
					lips_weight?: number;
					background_weight?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					gesture_strength?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					head_strength?: number;
					/** @description Poses averaged over up to 0.25 s. */
					smoothing?: number;
					/** @description `true`: the last pose leads into the first. */
					loop?: boolean;
					/**
					 * @description `portrait`: begin at the portrait's own pose.
					 * @enum {string}
					 */
					start_pose?: "off" | "portrait";
					/**
					 * @description Of driving poses: as the sound is spoken, the default with `audio`, or as they are.
					 * @enum {string}
					 */
					lips?: "audio" | "driving";
					/** @description `true`: silent speech is taken, and the person idles. */
					allow_silence?: boolean;
					/**
					 * @description `poses`: end after stage 1, with poses and no video.
					 * @enum {string}
					 */
					until?: "poses" | "video";
					/** @description `auto`, `none`, or `x,y,w,h` in pixels of the image. */
					crop?: string;
					/**
					 * @description The square that is rendered, the whole photograph around it, or its largest such part.
					 * @enum {string}
					 */
					framing?: "square" | "photo" | "16:9" | "9:16" | "4:5" | "1:1";
					/** @description Behind the person: `keep` (as it is), `#rrggbb`, or `transparent` (a MOV beside the MP4). */
					backdrop?: string;
					/** @description Only what the model makes. */
					size?: string;
					/** @description Only what the model makes. */
					fps?: number;
					/** @description Where to tell what happens. */
					webhook_url?: string;
					webhook_events?: ("video.completed" | "video.failed" | "video.cancelled" | "video.started" | "video.progress")[];
					/** @description A JSON object, or one `metadata[k]` for each pair. */
					metadata?: {
						[key: string]: string;
					};
					/** @description How long the result is kept, seconds. */
					expires_after_s?: number;
					/** @description How long it may wait for its turn, seconds. */
					queue_ttl_s?: number;
					/**
					 * @description Interactive jobs are claimed before batch jobs of the same class.
					 * @enum {string}
					 */
					priority?: "interactive" | "batch";
					/** @description `true`: the person shown agreed. */
					consent?: boolean;
					/** @description Words that are spoken instead of `audio`; `max_text_chars` of `/v1/limits`. */
					text?: string;
					/** @description One of `/v1/voices`. */
					voice?: string;
					/** @description Of `text`: a tag as `en`, `en-US`, `de`; one of `/v1/voices`. Of `transcript`: any. */
					language?: string;
					/**
					 * @description `vtt`: a caption track in the video, and variant `captions`, of words or `captions_file`.
					 * @enum {string}
					 */
					captions?: "off" | "vtt";
					/** @description What is said in `audio`, for captions; `max_transcript_chars` of `/v1/limits`. */
					transcript?: string;
					/** @description Stored, and told; nothing else is done with it. */
					prompt?: string;
				};
			};
		};
		responses: {
			/** @description It ended within `Prefer: wait=N`. */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Video"];
				};
			};
			/** @description Successful Response */
			202: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Video"] | components["schemas"]["VideoList"];
				};
			};
			/** @description Malformed request. */
			400: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Not allowed: scope, or cross-site on a keyless server. */
			403: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description The upload was too slow. */
			408: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description In conflict with the current state. */
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too large. */
			413: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Unsupported media type, decided by content. */
			415: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Understood, but wrong: `errors` names every field. */
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	validate_video_v1_videos_validate_post: {
		parameters: {
			query?: {
				/** @description `true`: also `picture` and `waveform`, as they were decoded. */
				looks?: boolean;
			};
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				"multipart/form-data": {
					/**
					 * Format: binary
					 * @description The portrait: PNG, JPEG or WebP, short side from 256 pixels.
					 */
					image: FileInput;
					/**
					 * Format: binary
					 * @description The speech: wav, mp3, flac, ogg, m4a, aac or webm. None with `text`, or if `driving_video` has sound.
					 */
					audio?: FileInput;
					/**
					 * Format: binary
					 * @description Its motion is used instead of a generated one: mp4, mov or webm.
					 */
					driving_video?: FileInput;
					/**
					 * Format: binary
					 * @description Stands behind the person, cut to the video's shape: PNG, JPEG or WebP; not with `backdrop`.
					 */
					backdrop_image?: FileInput;
					/**
					 * Format: binary
					 * @description The same as keypoints: .npy, or JSON, (frames, 134, 3), pixels of the 512 canvas.
					 */
					driving_keypoints?: FileInput;
					/**
					 * Format: binary
					 * @description Captions of your own, WebVTT or SubRip, with `captions=vtt`.
					 */
					captions_file?: FileInput;
					/** @description A loaded model; the loaded one by default. */
					model?: string;
					/** @description Drawn, and told, by default. */
					seed?: number;
					/** @description So many videos at once, by seeds that follow one another, as a list. */
					n?: number;
					num_inference_steps?: number;
					guidance_scale?: number;
					/** @enum {string} */
					quality?: "exact" | "balanced" | "fast" | "turbo";
					face_hands_weight?: number;
					lips_weight?: number;
					background_weight?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					gesture_strength?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					head_strength?: number;
					/** @description Poses averaged over up to 0.25 s. */
					smoothing?: number;
					/** @description `true`: the last pose leads into the first. */
					loop?: boolean;
					/**
					 * @description `portrait`: begin at the portrait's own pose.
					 * @enum {string}
					 */
					start_pose?: "off" | "portrait";
					/**
					 * @description Of driving poses: as the sound is spoken, the default with `audio`, or as they are.
					 * @enum {string}
					 */
					lips?: "audio" | "driving";
					/** @description `true`: silent speech is taken, and the person idles. */
					allow_silence?: boolean;
					/**
					 * @description `poses`: end after stage 1, with poses and no video.
					 * @enum {string}
					 */
					until?: "poses" | "video";
					/** @description `auto`, `none`, or `x,y,w,h` in pixels of the image. */
					crop?: string;
					/**
					 * @description The square that is rendered, the whole photograph around it, or its largest such part.
					 * @enum {string}
					 */
					framing?: "square" | "photo" | "16:9" | "9:16" | "4:5" | "1:1";
					/** @description Behind the person: `keep` (as it is), `#rrggbb`, or `transparent` (a MOV beside the MP4). */
					backdrop?: string;
					/** @description Only what the model makes. */
					size?: string;
					/** @description Only what the model makes. */
					fps?: number;
					/** @description Where to tell what happens. */
					webhook_url?: string;
					webhook_events?: ("video.completed" | "video.failed" | "video.cancelled" | "video.started" | "video.progress")[];
					/** @description A JSON object, or one `metadata[k]` for each pair. */
					metadata?: {
						[key: string]: string;
					};
					/** @description How long the result is kept, seconds. */
					expires_after_s?: number;
					/** @description How long it may wait for its turn, seconds. */
					queue_ttl_s?: number;
					/**
					 * @description Interactive jobs are claimed before batch jobs of the same class.
					 * @enum {string}
					 */
					priority?: "interactive" | "batch";
					/** @description `true`: the person shown agreed. */
					consent?: boolean;
					/** @description Words that are spoken instead of `audio`; `max_text_chars` of `/v1/limits`. */
					text?: string;
					/** @description One of `/v1/voices`. */
					voice?: string;
					/** @description Of `text`: a tag as `en`, `en-US`, `de`; one of `/v1/voices`. Of `transcript`: any. */
					language?: string;
					/**
					 * @description `vtt`: a caption track in the video, and variant `captions`, of words or `captions_file`.
					 * @enum {string}
					 */
					captions?: "off" | "vtt";
					/** @description What is said in `audio`, for captions; `max_transcript_chars` of `/v1/limits`. */
					transcript?: string;
					/** @description Stored, and told; nothing else is done with it. */
					prompt?: string;
				};
			};
		};
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["ValidationReport"];
				};
			};
			/** @description Malformed request. */
			400: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Not allowed: scope, or cross-site on a keyless server. */
			403: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description The upload was too slow. */
			408: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too large. */
			413: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Unsupported media type, decided by content. */
			415: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Understood, but wrong: `errors` names every field. */
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	get_video_v1_videos__video_id__get: {
		parameters: {
			query?: never;
			header?: {
				/** @description `wait=N`: answer when the video changes, or after N seconds (at most 60). */
				Prefer?: string;
			};
			path: {
				video_id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Video"];
				};
			};
			/** @description As `If-None-Match` has it. */
			304: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	delete_video_v1_videos__video_id__delete: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				video_id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["VideoDeleted"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	get_content_v1_videos__video_id__content_get: {
		parameters: {
			query?: {
				/** @description `preview`: the video while it is rendered, and a while longer. */
				variant?: components["schemas"]["Variant"];
				/** @description `1`: answer 307 where the store can sign. */
				redirect?: "0" | "1";
			};
			header?: never;
			path: {
				video_id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description The file, with `ETag`, `Repr-Digest` and `Accept-Ranges`; a preview has none of them and grows. */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"video/mp4": FileInput;
					"image/jpeg": FileInput;
					"application/octet-stream": FileInput;
					"text/vtt": string;
					"application/json": Record<string, never>;
				};
			};
			/** @description The bytes of `Range`. */
			206: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"video/mp4": FileInput;
					"image/jpeg": FileInput;
					"application/octet-stream": FileInput;
					"text/vtt": FileInput;
					"application/json": FileInput;
				};
			};
			/** @description As `If-None-Match` has it. */
			304: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			/** @description To a presigned URL, for `redirect=1` where the store can sign. */
			307: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Expired. */
			410: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Range not satisfiable. */
			416: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Understood, but wrong: `errors` names every field. */
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	follow_video_v1_videos__video_id__events_get: {
		parameters: {
			query?: never;
			header?: {
				/** @description Id of the last event that you have; browsers send it. */
				"last-event-id"?: string;
			};
			path: {
				video_id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description `event`: a type; `id`: for `Last-Event-ID`; `data`: the video object as it was then. */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"text/event-stream": {
						id: string;
						/** @enum {unknown} */
						event: "video.created" | "video.started" | "video.progress" | "video.annotated" | "video.preview" | "video.requeued" | "video.cancel_requested" | "video.completed" | "video.failed" | "video.cancelled" | "video.expired";
						data: string;
					};
				};
			};
			/** @description It has ended and you have every event: do not connect again. */
			204: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			/** @description Malformed request. */
			400: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	cancel_video_v1_videos__video_id__cancel_post: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				video_id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Video"];
				};
			};
			/** @description It runs; its worker stops within one denoising step and 2 s. */
			202: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Video"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	remix_video_v1_videos__video_id__remix_post: {
		parameters: {
			query?: never;
			header?: {
				/** @description The same key and request make one video, however often it is sent within 24 h. */
				"Idempotency-Key"?: string;
			};
			path: {
				video_id: string;
			};
			cookie?: never;
		};
		requestBody?: {
			content: {
				"application/json": {
					/** @description A loaded model; the loaded one by default. */
					model?: string;
					/** @description Drawn, and told, by default. */
					seed?: number;
					/** @description So many videos at once, by seeds that follow one another, as a list. */
					n?: number;
					num_inference_steps?: number;
					guidance_scale?: number;
					/** @enum {string} */
					quality?: "exact" | "balanced" | "fast" | "turbo";
					face_hands_weight?: number;
					lips_weight?: number;
					background_weight?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					gesture_strength?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					head_strength?: number;
					/** @description Poses averaged over up to 0.25 s. */
					smoothing?: number;
					/** @description `true`: the last pose leads into the first. */
					loop?: boolean;
					/**
					 * @description `portrait`: begin at the portrait's own pose.
					 * @enum {string}
					 */
					start_pose?: "off" | "portrait";
					/**
					 * @description Of driving poses: as the sound is spoken, the default with `audio`, or as they are.
					 * @enum {string}
					 */
					lips?: "audio" | "driving";
					/** @description `true`: silent speech is taken, and the person idles. */
					allow_silence?: boolean;
					/**
					 * @description `poses`: end after stage 1, with poses and no video.
					 * @enum {string}
					 */
					until?: "poses" | "video";
					/** @description `auto`, `none`, or `x,y,w,h` in pixels of the image. */
					crop?: string;
					/**
					 * @description The square that is rendered, the whole photograph around it, or its largest such part.
					 * @enum {string}
					 */
					framing?: "square" | "photo" | "16:9" | "9:16" | "4:5" | "1:1";
					/** @description Behind the person: `keep` (as it is), `#rrggbb`, or `transparent` (a MOV beside the MP4). */
					backdrop?: string;
					/** @description Only what the model makes. */
					size?: string;
					/** @description Only what the model makes. */
					fps?: number;
					/** @description Where to tell what happens. */
					webhook_url?: string;
					webhook_events?: ("video.completed" | "video.failed" | "video.cancelled" | "video.started" | "video.progress")[];
					/** @description A JSON object, or one `metadata[k]` for each pair. */
					metadata?: {
						[key: string]: string;
					};
					/** @description How long the result is kept, seconds. */
					expires_after_s?: number;
					/** @description How long it may wait for its turn, seconds. */
					queue_ttl_s?: number;
					/**
					 * @description Interactive jobs are claimed before batch jobs of the same class.
					 * @enum {string}
					 */
					priority?: "interactive" | "batch";
					/** @description `true`: the person shown agreed. */
					consent?: boolean;
					/** @description Words that are spoken instead of `audio`; `max_text_chars` of `/v1/limits`. */
					text?: string;
					/** @description One of `/v1/voices`. */
					voice?: string;
					/** @description Of `text`: a tag as `en`, `en-US`, `de`; one of `/v1/voices`. Of `transcript`: any. */
					language?: string;
					/**
					 * @description `vtt`: a caption track in the video, and variant `captions`, of words or `captions_file`.
					 * @enum {string}
					 */
					captions?: "off" | "vtt";
					/** @description What is said in `audio`, for captions; `max_transcript_chars` of `/v1/limits`. */
					transcript?: string;
					/** @description Stored, and told; nothing else is done with it. */
					prompt?: string;
				};
				"multipart/form-data": {
					/**
					 * Format: binary
					 * @description The portrait: PNG, JPEG or WebP, short side from 256 pixels.
					 */
					image?: FileInput;
					/**
					 * Format: binary
					 * @description Stands behind the person, cut to the video's shape: PNG, JPEG or WebP; not with `backdrop`.
					 */
					backdrop_image?: FileInput;
					/**
					 * Format: binary
					 * @description Captions of your own, WebVTT or SubRip, with `captions=vtt`.
					 */
					captions_file?: FileInput;
					/** @description A loaded model; the loaded one by default. */
					model?: string;
					/** @description Drawn, and told, by default. */
					seed?: number;
					/** @description So many videos at once, by seeds that follow one another, as a list. */
					n?: number;
					num_inference_steps?: number;
					guidance_scale?: number;
					/** @enum {string} */
					quality?: "exact" | "balanced" | "fast" | "turbo";
					face_hands_weight?: number;
					lips_weight?: number;
					background_weight?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					gesture_strength?: number;
					/** @description 0 holds still, 1 leaves as it is. */
					head_strength?: number;
					/** @description Poses averaged over up to 0.25 s. */
					smoothing?: number;
					/** @description `true`: the last pose leads into the first. */
					loop?: boolean;
					/**
					 * @description `portrait`: begin at the portrait's own pose.
					 * @enum {string}
					 */
					start_pose?: "off" | "portrait";
					/**
					 * @description Of driving poses: as the sound is spoken, the default with `audio`, or as they are.
					 * @enum {string}
					 */
					lips?: "audio" | "driving";
					/** @description `true`: silent speech is taken, and the person idles. */
					allow_silence?: boolean;
					/**
					 * @description `poses`: end after stage 1, with poses and no video.
					 * @enum {string}
					 */
					until?: "poses" | "video";
					/** @description `auto`, `none`, or `x,y,w,h` in pixels of the image. */
					crop?: string;
					/**
					 * @description The square that is rendered, the whole photograph around it, or its largest such part.
					 * @enum {string}
					 */
					framing?: "square" | "photo" | "16:9" | "9:16" | "4:5" | "1:1";
					/** @description Behind the person: `keep` (as it is), `#rrggbb`, or `transparent` (a MOV beside the MP4). */
					backdrop?: string;
					/** @description Only what the model makes. */
					size?: string;
					/** @description Only what the model makes. */
					fps?: number;
					/** @description Where to tell what happens. */
					webhook_url?: string;
					webhook_events?: ("video.completed" | "video.failed" | "video.cancelled" | "video.started" | "video.progress")[];
					/** @description A JSON object, or one `metadata[k]` for each pair. */
					metadata?: {
						[key: string]: string;
					};
					/** @description How long the result is kept, seconds. */
					expires_after_s?: number;
					/** @description How long it may wait for its turn, seconds. */
					queue_ttl_s?: number;
					/**
					 * @description Interactive jobs are claimed before batch jobs of the same class.
					 * @enum {string}
					 */
					priority?: "interactive" | "batch";
					/** @description `true`: the person shown agreed. */
					consent?: boolean;
					/** @description Words that are spoken instead of `audio`; `max_text_chars` of `/v1/limits`. */
					text?: string;
					/** @description One of `/v1/voices`. */
					voice?: string;
					/** @description Of `text`: a tag as `en`, `en-US`, `de`; one of `/v1/voices`. Of `transcript`: any. */
					language?: string;
					/**
					 * @description `vtt`: a caption track in the video, and variant `captions`, of words or `captions_file`.
					 * @enum {string}
					 */
					captions?: "off" | "vtt";
					/** @description What is said in `audio`, for captions; `max_transcript_chars` of `/v1/limits`. */
					transcript?: string;
					/** @description Stored, and told; nothing else is done with it. */
					prompt?: string;
				};
			};
		};
		responses: {
			/** @description Successful Response */
			202: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Video"] | components["schemas"]["VideoList"];
				};
			};
			/** @description Malformed request. */
			400: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description The upload was too slow. */
			408: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description In conflict with the current state. */
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too large. */
			413: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Unsupported media type, decided by content. */
			415: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Understood, but wrong: `errors` names every field. */
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	list_deliveries_v1_videos__video_id__deliveries_get: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				video_id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["DeliveryList"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	redeliver_v1_videos__video_id__deliveries__delivery_id__redeliver_post: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				video_id: string;
				delivery_id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			202: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["DeliveryBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description There is none: never was, deleted, or another tenant's. */
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	list_models_v1_models_get: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["ModelList"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	list_voices_v1_voices_get: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["VoiceList"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	get_queue_v1_queue_get: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["QueueBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	get_limits_v1_limits_get: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["LimitsBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	verify_video_v1_verify_post: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				"multipart/form-data": {
					/**
					 * Format: binary
					 * @description An MP4.
					 */
					video: FileInput;
				};
			};
		};
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Verification"];
				};
			};
			/** @description Malformed request. */
			400: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description No key, or a wrong one. */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description The upload was too slow. */
			408: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too large. */
			413: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Unsupported media type, decided by content. */
			415: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Understood, but wrong: `errors` names every field. */
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Too many requests, jobs, uploads or waiting clients. */
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
	livez_livez_get: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Liveness"];
				};
			};
		};
	};
	readyz_readyz_get: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			/** @description Successful Response */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/json": components["schemas"]["Readiness"];
				};
			};
			/** @description Try again after `Retry-After`. */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					"application/problem+json": components["schemas"]["ProblemBody"];
				};
			};
		};
	};
}
