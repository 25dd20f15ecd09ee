class Bag { [key: string]: unknown; static count: number = 0; a?: string; b: string | undefined = "b"; }
const b = new Bag(); b.extra = 1;
return Object.keys(b).sort();
