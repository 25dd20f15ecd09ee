const xs: number[] = [3, 1, 2]
const sorted = [...xs].sort((a, b) => a - b)
type T = string
let y: T = "y"
return { sorted, y }
