export { SrtpReceiver, type SrtpRefusals } from "./srtp-receiver.ts";
export { SrtpSender } from "./srtp-sender.ts";
export {
  sameSrtp,
  SRTP_OVERHEAD,
  SRTP_SUITES,
  srtpSuite,
  type SrtpMasterKey,
  type SrtpParameters,
  type SrtpSuite,
  type SrtpSuiteName,
} from "./suite.ts";
