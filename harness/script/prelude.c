#include "script/script_private.h"

const char prelude_text[] =
#include "prelude.inc"
    ;
const size_t prelude_size = sizeof prelude_text - 1;
