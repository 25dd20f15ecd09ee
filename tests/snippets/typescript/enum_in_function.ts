function pick(): number {
  enum Local { X = 7, Y }
  return Local.Y;
}
return pick();
