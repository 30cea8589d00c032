typedef int ae_placeholder; // until the module's sources land
