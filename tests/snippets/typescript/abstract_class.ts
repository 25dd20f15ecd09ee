abstract class Animal {
  abstract sound(): string;
  speak(): string { return `says ${this.sound()}`; }
}
class Cow extends Animal { override sound() { return "moo"; } }
return new Cow().speak();
