namespace Geo {
  export const unit = 2;
  export function area(w: number, h: number): number { return w * h * unit; }
}
return Geo.area(3, 4);
