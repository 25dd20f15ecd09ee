const log: string[] = [];
{
  await using a = { async [Symbol.asyncDispose]() { await null; log.push("closed"); } };
  log.push("body");
}
return log;
