enum Level { Low = "low", High = "high" }
return Object.values(Level);
