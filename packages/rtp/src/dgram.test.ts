import { packetIoContract } from "./packet-io.contract.ts";

packetIoContract("dgram");
