class User {
  constructor(public readonly name: string, private age: number, protected admin = false) {}
  describe() { return `${this.name} ${this.age} ${this.admin}`; }
}
return new User("Ada", 36).describe();
