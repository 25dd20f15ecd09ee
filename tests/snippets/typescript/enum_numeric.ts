enum Color { Red, Green = 5, Blue }
return { red: Color.Red, blue: Color.Blue, name: Color[5] };
