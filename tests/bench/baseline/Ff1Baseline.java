import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.HexFormat;
import org.bouncycastle.crypto.fpe.FPEFF1Engine;
import org.bouncycastle.crypto.params.FPEParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * The baseline of the case ff1: FF1 of Bouncy Castle on decimal digits, on one thread.
 *
 * <p>Ff1Baseline KEY TWEAK DIGITS (key and tweak in hex) encrypts until the compiler of the virtual
 * machine has had its time, then prints the encryption of DIGITS and the library's version. For
 * each line with a number of seconds it encrypts for so long, and prints how many encryptions it
 * did in a second of the thread's processor time: what the collector and the compiler do on other
 * threads does not count.
 */
public final class Ff1Baseline {
  private static final double WARM_UP_SECONDS = 4;
  private static final int CALLS_A_CLOCK = 1000;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final FPEFF1Engine engine = new FPEFF1Engine();
  private final byte[] numerals;

  private Ff1Baseline(byte[] key, byte[] tweak, String digits) {
    engine.init(true, new FPEParameters(new KeyParameter(key), 10, tweak));
    numerals = new byte[digits.length()];
    for (int i = 0; i < numerals.length; ++i) {
      numerals[i] = (byte) Character.digit(digits.charAt(i), 10);
    }
  }

  private void encrypt() {
    engine.processBlock(numerals, 0, numerals.length, numerals, 0);
  }

  private String digits() {
    StringBuilder text = new StringBuilder();
    for (byte numeral : numerals) {
      text.append(numeral);
    }
    return text.toString();
  }

  private double measure(double seconds) {
    long start = THREADS.getCurrentThreadCpuTime();
    long calls = 0;
    long spent = 0;
    while (spent < seconds * 1e9) {
      for (int i = 0; i < CALLS_A_CLOCK; ++i) {
        encrypt();
      }
      calls += CALLS_A_CLOCK;
      spent = THREADS.getCurrentThreadCpuTime() - start;
    }
    return calls * 1e9 / spent;
  }

  public static void main(String[] args) throws Exception {
    byte[] key = HexFormat.of().parseHex(args[0]);
    byte[] tweak = HexFormat.of().parseHex(args[1]);
    Ff1Baseline once = new Ff1Baseline(key, tweak, args[2]);
    once.encrypt();
    Ff1Baseline baseline = new Ff1Baseline(key, tweak, args[2]);
    baseline.measure(WARM_UP_SECONDS);
    System.out.println(once.digits() + " " + new BouncyCastleProvider().getVersionStr());
    BufferedReader turns = new BufferedReader(new InputStreamReader(System.in));
    for (String turn = turns.readLine(); turn != null; turn = turns.readLine()) {
      System.out.println(baseline.measure(Double.parseDouble(turn)));
    }
  }
}
