namespace Types { export interface Point { x: number; y: number } }
const p: Types.Point = { x: 1, y: 2 };
return p;
