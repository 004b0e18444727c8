"""The method's commands: generate, weights, parity. Results go to standard output, all else to standard error."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from formats.espeak_voices import TIMBRES
from mmgt_core.audio.hand_made import hearing
from mmgt_core.backdrop.backdrop import IMAGE, KEEP
from mmgt_core.checkpoints.folders import default_preset, find_preset, preset_folder
from mmgt_core.checkpoints.lock import present_tensor_files
from mmgt_core.commands.backdrops import chosen_backdrop, chosen_extras
from mmgt_core.commands.captioning import CaptionForm, caption_source
from mmgt_core.commands.running import Device, check_device, interruptible, run_app, work
from mmgt_core.commands.speaking import as_recording, words_to_speak
from mmgt_core.config import PRESETS, Preset, SamplingOptions
from mmgt_core.errors import InputWarning, WeightsError
from mmgt_core.media.limits import MediaLimits, megabytes
from mmgt_core.pipelines.inputs import InputFiles, Inputs, InputWishes, prepare_inputs, warned_of_photographs
from mmgt_core.pipelines.output_files import SAVED, Extra, Outputs, Until, of_backdrop
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.framing import parse_crop
from mmgt_core.pose_sampling import Lips, PoseWishes, StartPose
from mmgt_core.progress_bar import ProgressBar
from mmgt_core.quality import Quality, WindowSchedule
from mmgt_core.types import BackgroundMask, MaskMotion
from mmgt_core.whole_picture.framing import Framing

if TYPE_CHECKING:
    from mmgt_core.checkpoints.download import RepositoryLicence
    from mmgt_core.pose.detector import WholeBodyDetector

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A portrait and speech become a video.")
weights_app = typer.Typer(no_args_is_help=True, help="Fetch, convert and list the published weights.")
app.add_typer(weights_app, name="weights")

WeightsFolder = Annotated[Path, typer.Option("--weights", help="Folder of converted weights, one folder a preset.")]
PresetName = Annotated[str, typer.Option("--preset", help=f"One of {', '.join(PRESETS)}.")]
DEFAULT_WEIGHTS = Path("weights")
FORMER_IDENTITY = Path("data/identity")
"""Where earlier versions made one in each working folder; its marks go on to be trusted."""


def run(arguments: Sequence[str]) -> None:
    """Run these words of a command line. Ends with SystemExit."""
    run_app(app, arguments, "mmgt")


ImageFile = Annotated[Path, typer.Option("--image", help="Portrait: PNG, JPEG or WebP, short side from 256 px.")]
AudioFile = Annotated[
    Path | None, typer.Option("--audio", help="Speech: wav, mp3, flac, ogg, m4a, aac or webm, 0.5 s to 10 min.")
]
TextWords = Annotated[
    str | None, typer.Option("--text", help="Words to speak instead of --audio, by eSpeak NG (extra `speech`).")
]
VoiceName = Annotated[str | None, typer.Option("--voice", help=f"Of --text: {', '.join(TIMBRES)}.")]
LanguageTag = Annotated[
    str | None, typer.Option("--language", help="Of --text or --transcript, as en (by default), en-US or de.")
]
OutFile = Annotated[Path, typer.Option("--out", help="The MP4 to write.")]
Captions = Annotated[
    CaptionForm, typer.Option("--captions", help="vtt: a track in the video, and a WebVTT file beside it.")
]
Transcript = Annotated[str | None, typer.Option("--transcript", help="What is said in --audio, for --captions.")]
CaptionsFile = Annotated[
    Path | None, typer.Option("--captions-file", help="Captions of your own, WebVTT or SubRip, for --captions.")
]
DrivingVideo = Annotated[
    Path | None, typer.Option("--driving-video", help="Take the poses, and without --audio the sound, from this video.")
]
DrivingKeypoints = Annotated[
    Path | None,
    typer.Option("--driving-keypoints", help="Take the poses from this .npy or JSON file, (frames, 134, 3)."),
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed and inputs give the same frames.")]
QualityName = Annotated[
    Quality | None, typer.Option("--quality", help="A mode that the preset has; by default its own default.")
]
Steps = Annotated[int | None, typer.Option("--steps", help="Steps of stage 2, 1 to 100; by default the mode's own.")]
Guidance = Annotated[float | None, typer.Option("--guidance-scale", help="1 (off) to 20; by default the mode's own.")]
NaturalPoses = Annotated[
    bool | None,
    typer.Option(
        "--natural-poses/--no-natural-poses",
        help="Generated poses blink, rest at the end, and have hands that can be; by default in every mode but exact.",
    ),
]
GestureStrength = Annotated[
    float, typer.Option("--gesture-strength", help="Arms and trunk: 0 holds them still, 1 leaves them, up to 1.5.")
]
HeadStrength = Annotated[float, typer.Option("--head-strength", help="The same of the head; lips and blinks stay.")]
Smoothing = Annotated[float, typer.Option("--smoothing", help="Poses averaged over time, 0 (off) to 1 (0.25 s).")]
Loop = Annotated[bool, typer.Option("--loop", help="The last pose leads into the first: repeated, it does not jump.")]
StartPoseName = Annotated[StartPose, typer.Option("--start-pose", help="portrait begins at the portrait's own pose.")]
UntilName = Annotated[
    Until, typer.Option("--until", help="poses ends after stage 1: keypoints and pose video beside --out, no video.")
]
LipsName = Annotated[
    Lips | None,
    typer.Option("--lips", help="Of driving poses: audio, as --audio is spoken, or driving; by default audio with it."),
]
AllowSilence = Annotated[bool, typer.Option("--allow-silence", help="Take a silent recording: the person idles.")]
Crop = Annotated[str, typer.Option("--crop", help="auto, none, or x,y,w,h in pixels of the image (square).")]
FramingName = Annotated[
    Framing,
    typer.Option("--framing", help="The square that is rendered, the whole photo, or its largest such rectangle."),
]
BackdropName = Annotated[
    str | None,
    typer.Option("--backdrop", help="Behind the person: keep (as it is), #rrggbb, or transparent (a MOV beside)."),
]
BackdropImage = Annotated[
    Path | None, typer.Option("--backdrop-image", help="Put this picture behind the person: PNG, JPEG or WebP.")
]
Background = Annotated[BackgroundMask, typer.Option("--background-mask", help="What the third motion mask is.")]
Motion = Annotated[MaskMotion, typer.Option("--mask-motion", help="Masks follow the pose, stand still, or are absent.")]
Windows = Annotated[
    WindowSchedule | None,
    typer.Option("--windows", help="looping wraps the last windows to the beginning; by default the mode's own."),
]
Save = Annotated[str, typer.Option("--save", help=f"Also write, by comma: {', '.join(SAVED)}; or all.")]
DeviceName = Annotated[Device, typer.Option("--device", help="auto takes a GPU where there is one.")]
Identity = Annotated[
    Path | None,
    typer.Option("--identity", help="Folder of the certificate that signs; by default the user's own, made once."),
]
Trusted = Annotated[
    list[Path] | None,
    typer.Option("--identity", help="Folder of an identity to trust, repeatable; by default the user's own."),
]
MaybePreset = Annotated[
    str | None, typer.Option("--preset", help="By default mmgt-512 if its weights are present, else mmgt-demo.")
]


@app.command()
def generate(
    image: ImageFile,
    out: OutFile,
    audio: AudioFile = None,
    text: TextWords = None,
    voice: VoiceName = None,
    language: LanguageTag = None,
    captions: Captions = CaptionForm.OFF,
    transcript: Transcript = None,
    captions_file: CaptionsFile = None,
    driving_video: DrivingVideo = None,
    driving_keypoints: DrivingKeypoints = None,
    preset: MaybePreset = None,
    weights: WeightsFolder = DEFAULT_WEIGHTS,
    seed: Seed = SamplingOptions.seed,
    quality: QualityName = None,
    steps: Steps = None,
    guidance_scale: Guidance = None,
    natural_poses: NaturalPoses = None,
    gesture_strength: GestureStrength = PoseWishes.gesture_strength,
    head_strength: HeadStrength = PoseWishes.head_strength,
    smoothing: Smoothing = PoseWishes.smoothing,
    loop: Loop = False,
    start_pose: StartPoseName = StartPose.OFF,
    lips: LipsName = None,
    allow_silence: AllowSilence = False,
    crop: Crop = "auto",
    framing: FramingName = Framing.SQUARE,
    backdrop: BackdropName = None,
    backdrop_image: BackdropImage = None,
    background_mask: Background = SamplingOptions.background,
    mask_motion: Motion = SamplingOptions.mask_motion,
    windows: Windows = None,
    save: Save = "",
    until: UntilName = Until.VIDEO,
    identity: Identity = None,
    device: DeviceName = Device.AUTO,
) -> None:
    """Generate a video of the person in the image speaking and gesturing to the audio."""
    options = _sampling_options(
        seed=seed,
        quality=quality,
        num_inference_steps=steps,
        guidance_scale=guidance_scale,
        background=background_mask,
        mask_motion=mask_motion,
        window_schedule=windows,
        natural_poses=natural_poses,
        pose_wishes=_pose_wishes(gesture_strength, head_strength, smoothing, loop, start_pose),
    )
    behind = chosen_backdrop(backdrop, backdrop_image, framing)
    files = InputFiles(image, audio, driving_video, driving_keypoints, captions_file, backdrop_image=backdrop_image)
    captioned = caption_source(captions, transcript, captions_file, text, language)
    more = of_backdrop(IMAGE if backdrop_image else backdrop or KEEP) | ({Extra.CAPTIONS} if captioned else set())
    outputs = Outputs(out, chosen_extras(save, until, more), until=until)
    words = words_to_speak(text, voice, language if transcript is None else None, audio)
    _check_usage(files, outputs, is_spoken=words is not None)
    _check_driving(files, lips, loop=loop)
    check_device(device)
    chosen = _able_preset(preset, weights, options)
    with (
        interruptible() as is_interrupted,
        ProgressBar() as bar,
        hearing(is_needed=files.need_stage_1(lips, is_spoken=words is not None)) as hand_made,
        as_recording(files, words, captioned, is_interrupted) as sources,
    ):
        control = RunControl(bar.show, is_interrupted)
        signer = work("media.identity_trial").tried_identity(identity)
        wishes = InputWishes(parse_crop(crop), framing, allow_silence, lips, sources.captions, backdrop=behind)
        inputs = _checked_inputs(sources.files, wishes, weights, chosen, control)
        generation = work("commands.generation")
        networks = generation.Networks(chosen, weights, device, hand_made)
        generation.generate_video(networks, inputs, options, outputs, signer, control)
    _warn(control.warnings.values())
    for path in outputs.paths:
        typer.echo(path)


@app.command()
def parity(
    folder: Annotated[Path, typer.Argument(help="Folder of recorded cases, NAME.json and NAME.safetensors.")],
) -> None:
    """Compare this program with recorded numbers: one line a case, exit status 1 if any differs."""
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder")
    is_ok = True
    for report in work("parity.runner").run_cases(folder):
        typer.echo(report.line())
        is_ok = is_ok and report.is_ok
    if not is_ok:
        raise typer.Exit(1)


@app.command()
def verify(
    video: Annotated[Path, typer.Argument(help="An MP4.")],
    identity: Trusted = None,
) -> None:
    """Read a video's provenance mark: 0 valid, 5 none, 6 not valid; trusted if this identity signed it."""
    folders = identity or (work("media.signing_identity").user_identity_folder(), FORMER_IDENTITY)
    verification = work("media.provenance").verify_video(video, folders)
    typer.echo(json.dumps(verification.body, indent=1))
    raise typer.Exit(verification.exit_code)


@weights_app.command()
def pull(
    weights: WeightsFolder = DEFAULT_WEIGHTS,
    endpoint: Annotated[str | None, typer.Option(help="Another model hub's address.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the licences without asking.")] = False,
) -> None:
    """Fetch the published files of mmgt-512, after showing their licences; what is there already is verified."""

    def confirm(licences: "Sequence[RepositoryLicence]") -> bool:
        for item in licences:
            _tell(f"{item.repository}: licence {item.licence}, {megabytes(item.download_bytes)} to fetch")
        return yes or typer.confirm("Fetch these files under these licences?", err=True)

    with interruptible(), ProgressBar() as bar:
        pulled = work("checkpoints.download").pull_weights(
            weights,
            endpoint=endpoint,
            confirm_licences=confirm,
            on_progress=lambda name, done, total: bar.advance(Path(name).name, done // 10**6, total // 10**6),
        )
    typer.echo(pulled.folder)
    _tell(f"{len(pulled.files)} files verified, {len(pulled.downloaded)} of them fetched now")


@weights_app.command()
def convert(weights: WeightsFolder = DEFAULT_WEIGHTS, preset: PresetName = "mmgt-512") -> None:
    """Turn the fetched files into one folder of half-precision safetensors, strictly."""
    chosen = _preset(preset)
    present_tensor_files(weights)
    with interruptible(), ProgressBar() as bar:
        work("checkpoints.convert").convert_weights(
            weights,
            preset_folder(weights, chosen),
            chosen,
            lambda name, done, total: bar.advance("converting", done, total),
        )
    typer.echo(preset_folder(weights, chosen))


@weights_app.command()
def layout(preset: PresetName = "mmgt-512") -> None:
    """Print the published files' keys and shapes as JSON: {file: {key: shape}}."""
    chosen = _preset(preset)
    typer.echo(json.dumps(work("checkpoints.layout").published_files(chosen), indent=1))


def _sampling_options(**numbers: object) -> SamplingOptions:
    try:
        return SamplingOptions(**numbers)  # type: ignore[arg-type]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _pose_wishes(*wishes: object) -> PoseWishes:
    try:
        return PoseWishes(*wishes)  # type: ignore[arg-type]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _able_preset(name: str | None, weights: Path, options: SamplingOptions) -> Preset:
    """The preset that was named, or the default one, if it has what is asked for."""
    preset = _preset(name) if name else default_preset(weights)
    try:
        options.video_sampling(preset)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return preset


def _preset(name: str) -> Preset:
    try:
        return find_preset(name)
    except WeightsError as error:
        raise typer.BadParameter(str(error)) from error


def _check_driving(files: InputFiles, lips: Lips | None, *, loop: bool) -> None:
    """Raises: typer.BadParameter: what is for driving poses only comes without them, or the other way about."""
    if loop and not files.has_no_poses:
        raise typer.BadParameter("--loop is for generated poses; driving ones are not bent")
    if lips and files.has_no_poses:
        raise typer.BadParameter("--lips is for driving poses; give --driving-video or --driving-keypoints")


def _check_usage(files: InputFiles, outputs: Outputs, *, is_spoken: bool) -> None:
    """Tell at once what would otherwise be found out after the work."""
    if files.driving_video and files.driving_keypoints:
        raise typer.BadParameter("--driving-video and --driving-keypoints exclude each other")
    if not (files.audio or files.driving_video or is_spoken):
        raise typer.BadParameter("--audio is missing; only --text or --driving-video can stand for it")
    out = outputs.video
    if out.suffix.lower() != ".mp4":
        raise typer.BadParameter(f"--out is {out}; it must end with .mp4")
    sources = {path.resolve() for path in astuple(files) if path}
    try:
        for path in outputs.paths:
            if path.is_dir():
                raise typer.BadParameter(f"--out would write {path}, which is a folder")
            if path.resolve() in sources:
                raise typer.BadParameter(f"--out would overwrite the input {path}")
        existing = next(folder for folder in out.absolute().parents if folder.exists())
        with TemporaryDirectory(prefix=out.stem + ".", suffix=".part", dir=existing):
            pass
    except OSError as error:
        raise typer.BadParameter(f"--out is {out}; nothing can be written there: {error.strerror}") from error


def _checked_inputs(
    files: InputFiles, wishes: InputWishes, weights: Path, preset: Preset, control: RunControl
) -> Inputs:
    """Decode and check the files, find the person, and tell what is not as good as hoped."""

    def make_detector() -> "WholeBodyDetector":
        found: WholeBodyDetector = work("checkpoints.detector").load_detector(weights, preset)
        return found

    inputs = prepare_inputs(files, wishes, MediaLimits(), make_detector, control)
    inputs = warned_of_photographs(inputs.with_speech_in_file(), preset)
    _warn(inputs.warnings)
    return inputs


def _warn(warnings: Iterable[InputWarning]) -> None:
    for warning in warnings:
        _tell(f"warning: {warning.message}")


def _tell(message: str) -> None:
    typer.echo(message, err=True)
