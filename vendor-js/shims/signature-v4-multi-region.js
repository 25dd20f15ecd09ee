// In place of @aws-sdk/signature-v4-multi-region, which the SDK's client and
// presigner make their signers from. The sessions of S3 Express have a token of
// their own.
import { SignatureV4, signatureV4aContainer } from "./signature-v4.js";

export class SignatureV4MultiRegion extends SignatureV4 {
  static sigv4aDependency() {
    return "none";
  }

  async signWithCredentials(request, credentials, options) {
    const { sessionToken, ...keys } = credentials;
    request.headers["x-amz-s3session-token"] = sessionToken;
    return this.signWith(request, keys, options);
  }

  async presignWithCredentials(request, credentials, options) {
    const { sessionToken, ...keys } = credentials;
    delete request.headers["x-amz-s3session-token"];
    const query = { ...request.query, "X-Amz-S3session-Token": sessionToken };
    return this.presignWith({ ...request, query }, keys, options);
  }
}

export { SignatureV4MultiRegion as SignatureV4SignWithCredentials, signatureV4aContainer };
export const signatureV4CrtContainer = { CrtSignerV4: null };
