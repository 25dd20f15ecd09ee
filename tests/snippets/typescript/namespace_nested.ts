namespace A.B { export const value = "deep"; }
namespace A.B { export const other = B.value + "er"; }
return [A.B.value, A.B.other];
