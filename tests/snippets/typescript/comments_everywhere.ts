/** doc */ const a /* name */ : /* type */ number = /* value */ 1; // end
/* before */ return /* value */ a /* after */; // last
