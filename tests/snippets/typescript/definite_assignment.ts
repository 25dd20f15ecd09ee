let later!: string;
(() => { later = "set"; })();
class A { value!: number; constructor() { this.init(); } init() { this.value = 3; } }
return [later, new A().value];
