import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Four hash chains, a thread each: the job of ../chains.ts in Java. */
public final class Main {
    private static final int LANES = 4;
    private static final int WORD = 32;
    /**
     * The runtime writes the job without white space, and a quotation mark within a string has a backslash before it, so
     * this matches nowhere else.
     */
    private static final Pattern NONCE = Pattern.compile("\"nonce\":\"([0-9a-f]+)\"");

    private static final class JobException extends Exception {
        JobException(String why) {
            super(why);
        }
    }

    public static void main(String[] args) throws Exception {
        var nonce = NONCE.matcher(Files.readString(Path.of("/in/job.json")));
        if (!nonce.find()) throw new IOException("the job has no nonce");
        String answer;
        try {
            var proof = prove();
            Files.write(Path.of("/out/proof"), proof);
            answer = "\"status\":\"ok\",\"files\":[{\"name\":\"proof\",\"size\":" + proof.length + ",\"sha256\":\""
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(proof)) + "\"}]";
        } catch (JobException error) {
            System.err.println(error.getMessage());
            answer = "\"status\":\"error\",\"error\":\"" + error.getMessage() + "\",\"files\":[]";
        }
        Files.writeString(Path.of("/out/result.json"),
            "{\"schema\":\"gevulot/result@1\",\"nonce\":\"" + nonce.group(1) + "\"," + answer + "}");
    }

    private static byte[] prove() throws Exception {
        byte[] input;
        try {
            input = Files.readAllBytes(Path.of("/in/public_inputs"));
        } catch (NoSuchFileException missing) {
            throw new JobException("the file /in/public_inputs is missing");
        }
        if (input.length != 2 * WORD) throw new JobException("public_inputs is not two words of 32 bytes");
        var steps = new BigInteger(1, Arrays.copyOfRange(input, WORD, 2 * WORD));
        if (steps.signum() == 0 || steps.bitLength() > 32)
            throw new JobException("the number of steps is not 1 to 2^32 - 1");
        var threads = Executors.newFixedThreadPool(LANES);
        try {
            var lanes = IntStream.range(0, LANES)
                .<Callable<byte[]>>mapToObj(lane -> () -> chain(Arrays.copyOf(input, WORD), (byte) lane, steps.longValue()))
                .toList();
            var proof = ByteBuffer.allocate(LANES * WORD);
            for (var end : threads.invokeAll(lanes)) proof.put(end.get());
            System.out.println("Java: " + LANES + " lanes, " + LANES + " threads");
            return proof.array();
        } finally {
            threads.shutdown();
        }
    }

    private static byte[] chain(byte[] seed, byte lane, long steps) throws NoSuchAlgorithmException {
        var sha256 = MessageDigest.getInstance("SHA-256");
        sha256.update(seed);
        sha256.update(lane);
        var end = sha256.digest();
        for (long step = 1; step < steps; step++) end = sha256.digest(end);
        return end;
    }
}
