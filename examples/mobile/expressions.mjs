// What a mobile app needs to have pictures analysed; works in React Native, in browsers and in Node.
import axios from "axios";

/**
 * Returns a client of a Mien server.
 *
 * @param {string} server its address, such as "http://192.168.1.7:8000"
 * @param {string} [key] needed where the server asks for one
 */
export function expressions(server, key) {
  const http = axios.create({
    baseURL: server,
    timeout: 30_000,
    headers: key ? { "X-API-Key": key } : {},
  });

  return {
    /**
     * Reads the expressions on one picture.
     *
     * @param {string} image base64 of a JPEG, PNG or WebP file, with or without "data:image/jpeg;base64,"
     * @returns {Promise<{emotion: string | null, confidence: number, emotions: object[]}>} the largest face's, and all;
     *   emotion is null where nobody is seen
     */
    async detect(image) {
      try {
        const { data } = await http.post("/detect_emotion", { image });
        return data;
      } catch (error) {
        throw new Error(explained(error), { cause: error });
      }
    },
  };
}

/** What the server said is wrong, or why it could not be asked. */
function explained(error) {
  const said = error.response?.data?.error;
  return said?.message ?? said ?? error.message;
}
