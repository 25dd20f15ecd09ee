const größe: string = "漢字😀";
return [größe.length, [...größe].length, `é${größe}`];
