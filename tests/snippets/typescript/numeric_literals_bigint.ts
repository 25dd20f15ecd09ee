const big: bigint = 2n ** 64n;
return [1_000_000, 0xff, 0b11, 0o17, big.toString()];
