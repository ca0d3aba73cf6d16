#!/bin/sh
# Makes the two prompts anew, with sox and espeak-ng: plucked chords of our own, and a synthetic voice.
set -e
cd "$(dirname "$0")"
part=$(mktemp -d)
n=10
for chord in "C3 G3 C4 E4 G4 C5" "A2 E3 A3 C4 E4 A4" "F2 C3 F3 A3 C4 F4" "G2 D3 G3 B3 D4 G4" \
             "C3 G3 C4 E4 G4 E4" "E3 B3 E4 G4 B4 E4" "F2 C3 F3 A3 C4 A3" "G2 D3 G3 B3 D4 B3"; do
  set -- $chord
  sox -n -r 8000 -c 1 "$part/$n.wav" \
    synth 3 pluck "$1" synth 3 pluck mix "$2" \
    synth 3 pluck mix "$3" synth 3 pluck mix "$4" gain -12 fade t 0.01 3 0.4
  m=0
  for note in "$3" "$4" "$5" "$6" "$5" "$4"; do
    sox -n -r 8000 -c 1 "$part/note$m.wav" synth 0.5 pluck "$note" gain -9 fade t 0.005 0.5 0.05
    m=$((m + 1))
  done
  sox "$part"/note[0-5].wav "$part/tune.wav"
  sox -m "$part/$n.wav" "$part/tune.wav" "$part/bar$n.wav"
  n=$((n + 1))
done
sox "$part"/bar*.wav -r 8000 -c 1 -e mu-law music.wav lowpass 3000 gain -n -9
espeak-ng -v en-gb -s 145 -w "$part/voice.wav" "Please wait. You will be connected in a moment."
sox "$part/voice.wav" -r 8000 -c 1 -e mu-law please-wait.wav gain -n -6 pad 0.2 0.5
rm -r "$part"
