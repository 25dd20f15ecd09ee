namespace Shapes {
  export class Square { constructor(public side: number) {} area() { return this.side ** 2; } }
}
return new Shapes.Square(5).area();
