#!/bin/sh
#
# Data files as C.
#
#   embed.sh NAME FILE          one file, to standard output, as
#                               sv_data_NAME[] and sv_data_NAME_len
#   embed.sh --list CONF        "NAME FILE" of every data file of a conf/
#   embed.sh --all CONF GEN     all of them, as GEN/sv_data_NAME.c
#
# NAME is the file's name without its ending: conf/rules.conf is "rules";
# a list has the prefix "list_": conf/lists/role.txt is "list_role".
# Other data (known_domains, ...) is conf/NAME.txt; docs/openapi.json, beside
# conf/, is "openapi".

set -e
LC_ALL=C
export LC_ALL


embed() {
    if [ "$(tr -d '\000-\010\013-\037\177' < "$2" | wc -c)" \
         -ne "$(wc -c < "$2")" ]
    then
        echo "$0: $2: control characters" >&2
        exit 1
    fi

    printf '/* made from %s by embed.sh */\n\n' "${2##*/}"
    printf '#include <stddef.h>\n\n'
    printf 'extern const char    sv_data_%s[];\n' "$1"
    printf 'extern const size_t  sv_data_%s_len;\n\n' "$1"
    printf 'const char    sv_data_%s[] =\n' "$1"
    printf '    ""\n'

    # "\?": no trigraphs; a last line without its end is given one
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/	/\\t/g' \
        -e 's/^/    "/' -e 's/$/\\n"/' "$2"

    printf ';\n\nconst size_t  sv_data_%s_len = sizeof(sv_data_%s) - 1;\n' \
        "$1" "$1"
}


list() {
    for file in "$1"/*.conf "$1"/*.txt "$1"/lists/*.txt; do
        test -f "$file" || continue
        name=${file##*/}
        name=${name%.*}

        case "$file" in
            */lists/*)  name=list_$name ;;
        esac

        echo "$name $file"
    done

    echo "openapi ${1%conf}docs/openapi.json"
}


case "$1" in

--list)
    list "$2"
    ;;

--all)
    mkdir -p "$3"
    list "$2" | while read -r name file; do
        embed "$name" "$file" > "$3/sv_data_$name.c.tmp"
        mv "$3/sv_data_$name.c.tmp" "$3/sv_data_$name.c"
    done
    ;;

*)
    embed "$1" "$2"
    ;;

esac
