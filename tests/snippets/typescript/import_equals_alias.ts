namespace Long.Name.Space { export const v = 9; }
import Short = Long.Name.Space;
return Short.v;
