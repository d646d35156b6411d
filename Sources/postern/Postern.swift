@main
enum Postern {
    static func main() {
        print("postern")
    }
}
