/* The model may use neither the store nor the clock. */
#include "store.h"
#include <time.h>
