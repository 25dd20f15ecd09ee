enum Mixed { A = 1 << 3, B, C = "c", D = "abc".length }
return [Mixed.A, Mixed.B, Mixed.C, Mixed.D, Mixed[8]];
