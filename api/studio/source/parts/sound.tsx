// The voice: an empty place, a recording under way, or its outline as the server decoded it, to be heard.

import { useEffect, useRef, useState } from "preact/hooks";

import { report } from "../checking";
import { sound } from "../draft";
import { fileTrouble, setSound } from "../files";
import { useFileUrl } from "../media";
import { T } from "../texts";
import { clock } from "../words";
import { PlayButton } from "./controls";
import { Dropzone, FileButton } from "./dropzone";
import { Icon } from "./icon";

const ACCEPT = "audio/*,video/webm,.wav,.w64,.flac,.mp3,.ogg,.opus,.m4a,.aac,.webm,.mkv";
const RECORDED_AS = "audio/webm;codecs=opus"; // what this page records must not lose its first 80 ms, as MP4 does

export function SoundCard() {
  const recording = useRecording();
  const file = sound.value;
  return (
    <section class="card stage" aria-labelledby="voice-title">
      <header>
        <h2 id="voice-title">{T.create.voice}</h2>
        {file && !recording.isOn && (
          <div class="row tight">
            <FileButton label={T.create.replace} describes={T.create.voice} accept={ACCEPT} isPlain />
            <button
              class="icon"
              type="button"
              aria-label={`${T.create.remove}: ${T.create.voice}`}
              onClick={() => (sound.value = null)}
            >
              <Icon name="cross" />
            </button>
          </div>
        )}
      </header>
      {recording.isOn ? (
        <div class="recording">
          <span class="live" role="status">
            {T.create.recording}
          </span>
          <output class="time">{clock(recording.seconds)}</output>
          <button type="button" class="main" onClick={recording.stop}>
            {T.create.stop}
          </button>
        </div>
      ) : file ? (
        <Heard file={file} />
      ) : (
        <Dropzone
          icon="voice"
          title={T.create.voice}
          hint={T.create.voiceHint}
          kinds={T.create.voiceKinds}
          accept={ACCEPT}
        >
          <button type="button" class="plain" onClick={() => void recording.start()}>
            <Icon name="microphone" />
            {T.create.microphone}
          </button>
        </Dropzone>
      )}
    </section>
  );
}

function Heard({ file }: { file: File }) {
  const player = useRef<HTMLAudioElement>(null);
  const url = useFileUrl(file);
  const [isPlaying, setIsPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const seconds = report.value?.seconds ?? 0;
  const peaks = report.value?.waveform ?? null;
  const toggle = (): void => void (isPlaying ? player.current?.pause() : player.current?.play());
  return (
    <>
      <div class="heard">
        <PlayButton isPlaying={isPlaying} texts={T.create} onToggle={toggle} />
        <div class="wave">
          <Outline peaks={peaks} done={seconds ? at / seconds : 0} />
          <input
            type="range"
            min={0}
            max={seconds || 1}
            step={0.01}
            value={at}
            disabled={!seconds}
            aria-label={T.create.seek}
            aria-valuetext={clock(at)}
            onInput={(event) => {
              if (player.current) player.current.currentTime = event.currentTarget.valueAsNumber;
            }}
          />
        </div>
        <audio
          ref={player}
          src={url ?? undefined}
          onPlay={() => setIsPlaying(true)}
          onPause={() => setIsPlaying(false)}
          onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        />
      </div>
      <footer class="row spread small quiet">
        <span class="cut">{file.name}</span>
        <span class="numbers">{seconds ? `${clock(at)} / ${seconds.toFixed(1)} s` : ""}</span>
      </footer>
    </>
  );
}

const BARS = 100;

function Outline({ peaks, done }: { peaks: number[] | null; done: number }) {
  if (!peaks) return <div class="outline none" />;
  const loudest = Math.max(...peaks, 0.05);
  const per = peaks.length / BARS;
  const bars = Array.from({ length: BARS }, (_, index) => {
    const [first, last] = [Math.floor(index * per), Math.max(Math.floor((index + 1) * per), Math.floor(index * per) + 1)];
    return Math.max(0.04, Math.max(...peaks.slice(first, last), 0) / loudest);
  });
  return (
    <svg class="outline" viewBox={`0 0 ${BARS * 4} 100`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map((height, index) => (
        <rect
          key={index}
          class={index / BARS < done ? "done" : ""}
          x={index * 4 + 0.7}
          width={2.6}
          y={50 - 48 * height}
          height={96 * height}
          rx={1.3}
        />
      ))}
    </svg>
  );
}

function useRecording() {
  const recorder = useRef<MediaRecorder | null>(null);
  const [isOn, setIsOn] = useState(false);
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!isOn) return;
    const began = Date.now();
    const timer = setInterval(() => setSeconds((Date.now() - began) / 1000), 200);
    return () => clearInterval(timer);
  }, [isOn]);
  useEffect(() => () => recorder.current?.stream.getTracks().forEach((track) => track.stop()), []);

  const start = async (): Promise<void> => {
    fileTrouble.value = null;
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      fileTrouble.value = T.create.noMicrophone;
      return;
    }
    const parts: Blob[] = [];
    const made = new MediaRecorder(stream, { mimeType: RECORDED_AS });
    made.ondataavailable = (event) => parts.push(event.data);
    made.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      setIsOn(false);
      setSound(new File(parts, "recording.webm", { type: "audio/webm", lastModified: Date.now() }));
    };
    made.start(1000);
    recorder.current = made;
    setSeconds(0);
    setIsOn(true);
  };
  return { isOn, seconds, start, stop: () => recorder.current?.stop() };
}
