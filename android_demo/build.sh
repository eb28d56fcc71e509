#!/usr/bin/env bash
# From sources to a signed APK without an Android SDK: Maven compiles, this packs.
#   build.sh apk MODEL.tflite...    android_demo/dist/pynet-bokeh-demo.apk with these artifacts inside
#   build.sh test                   what was packed last: unit, engine and screen tests on the JVM
set -euo pipefail
here=$PWD
cd "$(dirname "$0")"

readonly BUILD=build DIST=dist APK=dist/pynet-bokeh-demo.apk
readonly MANIFEST=app/src/main/AndroidManifest.xml ASSETS=app/src/main/assets
readonly SAMPLES="18 20 21"
readonly ABIS="arm64-v8a x86_64"
readonly LEAST_JAVA=17
# apt package of each program that is not Maven's
readonly PROGRAMS="javac:openjdk-17-jdk-headless mvn:maven apksigner:apksigner dexdump:dexdump enjarify:enjarify \
readelf:binutils unzip:unzip python3:python3"

say() { printf '\n== %s\n' "$*"; }

version() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" gradle/libs.versions.toml; }

maven() { mvn --batch-mode --no-transfer-progress --quiet "$@"; }

# What is missing is installed where that is allowed, and named where it is not.
programs() {
    local missing="" entry
    for entry in $PROGRAMS; do
        command -v "${entry%%:*}" >/dev/null || missing+=" ${entry##*:}"
    done
    if [ -n "$missing" ]; then install_packages "$missing"; fi
    local java
    java=$(javac -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/')
    if [ "${java:-0}" -lt $LEAST_JAVA ] 2>/dev/null; then
        echo "error: javac is of version $java; the Android build needs $LEAST_JAVA or newer." >&2
        echo "  fix: sudo apt-get install --no-install-recommends openjdk-17-jdk-headless, or put a newer one first in PATH" >&2
        exit 2
    fi
}

install_packages() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "error: programs that the Android build needs are missing, and only root may install them:$1" >&2
        echo "  fix: sudo apt-get install --no-install-recommends$1" >&2
        exit 2
    fi
    say "installing$1"
    mkdir -p /usr/share/man/man1  # images without manuals lack it, and Java's packages link into it
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq -o Acquire::Retries=3
    # shellcheck disable=SC2086  # a list of names
    if ! apt-get install -qq -o Acquire::Retries=3 --yes --no-install-recommends $1 >/dev/null; then
        echo "error: apt-get could not install$1; the Android build needs them." >&2
        echo "  fix: see what apt-get says above; they are in Debian 12." >&2
        exit 2
    fi
}

tools() {
    say "tools from Maven"
    rm -rf $BUILD/tools && mkdir -p $BUILD/tools
    maven --file tools/pom.xml package
    unzip -qoj $BUILD/tools/apktool-lib-*.jar prebuilt/linux/aapt2 prebuilt/android-framework.jar -d $BUILD/tools
    chmod +x $BUILD/tools/aapt2
    mkdir -p $BUILD/runtime
    local aar
    rm -rf $BUILD/runtime/classes
    for aar in $BUILD/tools/*.aar; do
        unzip -qo "$aar" -d $BUILD/runtime
        unzip -qo $BUILD/runtime/classes.jar -d $BUILD/runtime/classes
    done
    jar --create --file $BUILD/runtime/classes.jar -C $BUILD/runtime/classes org
}

assets() {
    say "assets"
    mkdir -p $ASSETS/models $ASSETS/photos
    rm -f $ASSETS/models/* $ASSETS/photos/*
    cp "$@" $ASSETS/models
    local number
    for number in $SAMPLES; do cp "../calib_data/samples/test/original/$number.jpg" $ASSETS/photos; done
}

resources() {
    say "resources"
    rm -rf $BUILD/gen && mkdir -p $BUILD/gen
    $BUILD/tools/aapt2 compile --dir app/src/main/res -o $BUILD/compiled.zip
    # Gradle takes the package from build.gradle.kts and refuses it in the manifest
    sed -e "s/<manifest /<manifest package=\"$(version applicationId)\" /" \
        -e "s/\${applicationId}/$(version applicationId)/" $MANIFEST >$BUILD/AndroidManifest.xml
    $BUILD/tools/aapt2 link -o $BUILD/resources.apk -I $BUILD/tools/android-framework.jar \
        --manifest $BUILD/AndroidManifest.xml --java $BUILD/gen -A $ASSETS -0 tflite \
        --min-sdk-version "$(version minSdk)" --target-sdk-version "$(version targetSdk)" \
        --version-code "$(version versionCode)" --version-name "$(version versionName)" \
        $BUILD/compiled.zip
}

compile() {
    say "compile"
    maven package -DskipTests
}

java_home() { dirname "$(dirname "$(readlink -f "$(command -v javac)")")"; }

dex() {
    say "dex"
    java -cp "$BUILD/tools/*" proguard.ProGuard -include app/proguard.pro \
        -injars core/target/core-1.jar -injars engine/target/engine-1.jar -injars app/target/app-1.jar \
        -injars $BUILD/runtime/classes.jar -injars "$BUILD/tools/kotlin-stdlib-$(version kotlin).jar(!META-INF/**)" \
        -libraryjars "$(cat $BUILD/tools/android.path)" \
        -libraryjars "$(java_home)/jmods/java.base.jmod(!**.jar;!module-info.class)" -outjars $BUILD/small.jar
    java -cp "$BUILD/tools/*" com.android.dx.command.Main --dex --min-sdk-version="$(version minSdk)" \
        --output=$BUILD/classes.dex $BUILD/small.jar
    if [ "$(dexdump -d $BUILD/classes.dex | grep --text --count invoke-custom)" != 0 ]; then
        echo "error: the code has lambdas that no phone can make (invoke-custom): ProGuard has not translated them." >&2
        echo "  fix: another version of ProGuard in tools/pom.xml" >&2
        exit 1
    fi
}

pack() {
    say "pack and sign"
    local abi
    rm -rf $BUILD/lib && mkdir -p $DIST
    for abi in $ABIS; do
        mkdir -p "$BUILD/lib/$abi" && cp "$BUILD/runtime/jni/$abi"/*.so "$BUILD/lib/$abi"
    done
    python3 tools/pack.py $BUILD/resources.apk $BUILD/classes.dex $BUILD/lib $BUILD/unsigned.apk
    key
    apksigner sign --ks $BUILD/debug.keystore --ks-pass pass:android --v1-signing-enabled false \
        --v2-signing-enabled true --v3-signing-enabled true --min-sdk-version "$(version minSdk)" \
        --out $BUILD/signed.apk $BUILD/unsigned.apk
    mv $BUILD/signed.apk $APK
}

report() {
    say "$APK"
    local library
    printf 'size      %s MiB\n' "$(($(stat -c %s $APK) >> 20))"
    $BUILD/tools/aapt2 dump badging $APK | sed -n "s/^\(minS\|s\)dkVersion:'\(.*\)'/min SDK   \2/p; s/^targetSdkVersion:'\(.*\)'/target    \1/p;
        s/^native-code: \(.*\)/ABIs      \1/p; s/^uses-permission.*/&/p"
    for library in "$BUILD"/lib/*/*.so; do
        printf 'library   %s: pages of %s bytes\n' "${library#"$BUILD"/lib/}" \
            "$(($(readelf -lW "$library" | awk '$1 == "LOAD" {print $NF}' | sort | head -n 1)))"
    done
    unzip -lv $APK 'assets/models/*' | awk '/tflite/ {printf "model     %s: %d KiB, %s\n", $NF, $1 / 1024, $2}'
    echo "next: adb install $PWD/$APK"
}

key() {
    [ -f $BUILD/debug.keystore ] || keytool -genkeypair -keystore $BUILD/debug.keystore -storepass android \
        -keypass android -alias debug -keyalg RSA -keysize 2048 -validity 10950 -dname "CN=PyNET bokeh debug" >$BUILD/keytool.log 2>&1
}

usage() {
    echo "usage: build.sh apk MODEL.tflite...  or  build.sh test" >&2
    exit 2
}

models=()
for model in "${@:2}"; do
    [ -f "$here/$model" ] || [ -f "$model" ] || { echo "error: $model is not a file." >&2; exit 2; }
    models+=("$(cd "$here" && realpath "$model")")
done
case "${1:-}" in
    apk)
        [ ${#models[@]} -gt 0 ] || usage
        programs
        tools
        assets "${models[@]}"
        resources
        compile
        dex
        pack
        report
        ;;
    test)
        programs
        [ -f $APK ] || { echo "error: there is no $APK. fix: make android" >&2; exit 2; }
        maven verify
        ;;
    *) usage ;;
esac
