function wrap(x: string): string[];
function wrap(x: number): number[];
function wrap(x: any): any[] { return [x]; }
return [wrap("a"), wrap(1)];
