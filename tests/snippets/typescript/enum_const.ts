const enum Bits { One = 1, Two = One << 1, Both = One | Two }
return Bits.Both;
