# cmake -DIN=<file> -DOUT=<C file> -DNAME=<array> -DHEADER=<header that declares it> -P EmbedFile.cmake
# A file as a C array that ends with a NUL.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "#include \"${HEADER}\"\n\nconst unsigned char ${NAME}[] = {\n${bytes}0x00};\n")
