export { answerAudio, audioMedia, audioOffer, multiAudioOffer, sessionOf } from "./audio.ts";
export type { AnsweredLine, AnswerOptions, AudioStream, SdpIdentity } from "./audio.ts";
export {
  acceptsParameters,
  answeredParameters,
  cryptoAttribute,
  cryptosOf,
  formatCrypto,
  hidesKeys,
  isPlainRtp,
  isSecureRtp,
  parseCrypto,
} from "./crypto.ts";
export type { SdpCrypto, SdpCryptoKey } from "./crypto.ts";
export {
  codecs,
  direction,
  intersect,
  label,
  PCMA,
  PCMU,
  receives,
  remoteEndpoint,
  reversed,
  sends,
  setDirection,
  TELEPHONE_EVENT,
} from "./media.ts";
export type { Direction, MediaEndpoint, SdpCodec } from "./media.ts";
export { OfferAnswer } from "./offer-answer.ts";
export type { OfferAnswerState, OfferAnswerVerdict } from "./offer-answer.ts";
export { attribute, cloneSdp, formatSdp, parseSdp } from "./sdp.ts";
export type { Sdp, SdpAttribute, SdpConnection, SdpLine, SdpMedia } from "./sdp.ts";
