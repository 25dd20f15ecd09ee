enum E { A = 1 }
enum E { B = 2 }
return [E.A, E.B, E[2]];
