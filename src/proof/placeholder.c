/* Comes with the module. */
typedef int ae_proof_module;
