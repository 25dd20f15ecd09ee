declare const missing: number;
declare function nothing(): void;
declare global { interface Window { x: number } }
declare module "m" { export const a: number; }
declare namespace N { const b: string; }
return typeof missing;
