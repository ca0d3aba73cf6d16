import type { ResponseCode } from "@sidetone/msml";

/** Why an operation was not carried out; ends the execution of its document. Never leaves `control/`. */
export class OperationFailed extends Error {
  readonly response: ResponseCode;
  constructor(response: ResponseCode, description: string) {
    super(description);
    this.response = response;
  }
}
