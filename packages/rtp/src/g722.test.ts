import assert from "node:assert/strict";
import { test } from "node:test";
import { G722Decoder } from "./g722.ts";

/** 0.1 s of 440 Hz at -18 dB, coded by an encoder that is not ours (ffmpeg). */
const TONE = Buffer.from(
  "+tsymyeVoKCg4OHscff+2dXS0lOWmd389vPxsPBy9rve29iV1FTWmv77uPPy8XHzuPve2pjUVNSW3N669vTw73N0tfue3NbW1dWW29/6+PPz8vFxtvm/29qW1NOZ1/7e+PTw8O92tPa/3dqV1dTUlt7+vPTx8fDwc7r73JnY09eX2die+ff17/Xvd7f8+pjX2dOZ1dqe+vu18PDv+PL8+tvc0djTnNXd//n18PLyc7e6u9rdltXV1prd3vj0svTt9fP89dv+09zRmNb+2Pj29vLy83e3v7ze15jS2diW+9358LL38PH49t3b/5OaVZbdn/67d/TtdfW0+f/e2FTX3pSX9ph479vs8f/3+ty/WtiV3Jb8nn348/zuunb5+tv41tuaWpv7mPnz/3L19/u72/fU2Jlc2J79uHa8cfTz3bdZ+t3W1/vT9L3e9PL87fv++f1YmZjVmtzY/rj09fP38vX32vhbnJTUlf7a/bz08vb17/3y3d9/l52T29qff/+58fP4rHS4+dxZ35pTm1na+t/19PL17/yw+dzZ39vZ0Nb53vz6uvLu9/jx+t99l5+Y0NW93/n+v+/y9O+a8fnZ2/7Q2trZ3vn+uLK07fb889zfeZSSv5N7lv15836z+Ovc9175nFiT/Jcclnr88vzz9/Hyf75/3NnZ0lyV3n/+u/Ry8rN58964XtjV2dTX+9b3u/zv9/bw9Pz713uXmpTV3bpbtfn17vb29vr9/1aa3JLZ2p56/Lf39Kzx+/333Frcktud0/vb9/u58e348r799tjU29rY1Nn89br88vHv/fff89d/k76Tu5P4efu9cbVu+//3/lu70thamNje+3yx9fitc55y3Nv1VpTW3d1dm/T19vXy9vPe+PtUmd2T/9aad9+18v2v9vb6/H/c1pzTndb+2ff88fbz9/L7//1dmJeb1de83v/4s/ru9PC1/tv12dXV1t7f3Nqz+vL18vXx/t3fepaVlJW723++d/XttXb3+vreWZrZ1NP423z6vLPwsPN++PLZ277RWJlW/LvZ8/jx8PK/dLfYXJnZ2FP+1vc=",
  "base64",
);

test("G.722: a tone comes out at its frequency and level, an octet a sample", () => {
  const out = new Int16Array(TONE.length);
  new G722Decoder().decode(TONE, 0, TONE.length, out);
  let [sine, cosine, all] = [0, 0, 0];
  const from = 400;
  for (let n = from; n < out.length; n++) {
    const x = out[n] ?? 0;
    sine += x * Math.sin((2 * Math.PI * 440 * n) / 8000);
    cosine += x * Math.cos((2 * Math.PI * 440 * n) / 8000);
    all += x * x;
  }
  const count = out.length - from;
  const amplitude = (2 * Math.hypot(sine, cosine)) / count;
  assert.ok(Math.abs(amplitude - 4096) < 40, `amplitude ${amplitude}`);
  const rest = all / count - (amplitude * amplitude) / 2;
  assert.ok(rest < (amplitude * amplitude) / 2 / 10_000, `what is not the tone is ${rest}, not 40 dB below it`);
});

test("G.722: whatever the octets are, what comes out is a sample", () => {
  const decoder = new G722Decoder();
  const noise = Uint8Array.from({ length: 4000 }, (_, n) => (n * 7919 + (n >> 3) * 104_729) & 255);
  const out = new Int16Array(4000);
  decoder.decode(noise, 0, 4000, out);
  assert.ok(out.some((sample) => Math.abs(sample) > 1000));
  decoder.decode(TONE, 0, TONE.length, out);
  // The state of the noise is forgotten within 50 ms.
  assert.ok(out.subarray(500, 800).every((sample) => Math.abs(sample) < 6000));
});
